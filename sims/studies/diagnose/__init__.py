"""Why a log of nccl-tests is as it is: causes are simulated, and ranked by how well each fits."""
