drop table throttles;
drop table credentials;
