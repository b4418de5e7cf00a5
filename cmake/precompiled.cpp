// There has to be a file that the precompiled headers are made for.
