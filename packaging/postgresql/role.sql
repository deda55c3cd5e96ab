-- The role of the agents, when the database of compose.agents.yaml is made. `healthmon database-sql` gives it its rights.
CREATE ROLE healthmon_agent LOGIN;
