"""The administrators' pages. They use nothing that the admin API has not."""
