"""A simulated INSi service over SOAP: the people of the sandbox by their traits, never anyone else."""
