drop index posts_trash_purge_at_idx;
drop index users_trash_purge_at_idx;
alter table posts drop column deleted_with_author;
alter table posts drop column purge_at;
alter table users drop column purge_at;
drop table request_records;
