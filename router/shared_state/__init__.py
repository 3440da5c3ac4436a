"""What replicas share: cooldowns and observed averages; in memory by default."""
