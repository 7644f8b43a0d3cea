"""What every room shares: the error tree. It imports nothing of ours."""
