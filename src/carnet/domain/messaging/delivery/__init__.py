"""How an accepted message becomes what its recipients see: read it (`incoming`), load what is known (`situation`),
decide for each recipient (`placing`), and write the whole batch (`writing`)."""
