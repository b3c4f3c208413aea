"""The kinds of figures, a file each: found by ``sims.show.figures.named``, in no list."""
