"""Work items: differences that people must look at, kept from run to run."""
