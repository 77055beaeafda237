CREATE ROLE migrator LOGIN PASSWORD :'migrator_password';
CREATE ROLE app LOGIN PASSWORD :'app_password';
CREATE ROLE backup LOGIN PASSWORD :'backup_password';
CREATE DATABASE :"database" OWNER migrator;
