// Arguments to configuration, then run.
