"""CodeDeploy's words and rules: pure, without I/O, Temporal or a clock."""
