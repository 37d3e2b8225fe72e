"""What a job queue would cost if it were nothing but its rows, on the bare driver."""
