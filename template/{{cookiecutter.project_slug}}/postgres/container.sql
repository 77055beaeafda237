-- Run once by the database's container, on an empty volume, as the superuser: roles.sql with the container's variables.
\getenv database DATABASE
\getenv migrator_password MIGRATOR_PASSWORD
\getenv app_password APP_PASSWORD
\getenv backup_password BACKUP_PASSWORD
\i /srv/postgres/roles.sql
