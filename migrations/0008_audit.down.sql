drop function expire_audit_events(timestamptz, integer);
drop table audit_events;
drop function audit_events_are_of_now();
drop function audit_events_are_kept();
