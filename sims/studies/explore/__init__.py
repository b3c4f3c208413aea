"""A page one can play with: which runs it holds, and where its traffic goes. Draws nothing."""
