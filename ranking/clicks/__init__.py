"""What people did with results: logged as User Behavior Insights, cleaned, and turned into judgements."""
