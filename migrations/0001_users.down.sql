drop table users;
drop extension pg_trgm;
