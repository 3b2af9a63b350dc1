drop statistics posts_published_at_stat;
drop statistics posts_deleted_at_stat;
drop statistics posts_updated_at_stat;
drop statistics users_deleted_at_stat;
drop statistics users_updated_at_stat;
alter table posts alter column author_id set statistics -1;
alter index users_search_idx alter column 2 set statistics -1;
alter index users_search_idx alter column 1 set statistics -1;
create or replace function byline_words(text) returns text language sql immutable strict parallel safe
    return translate($1, '_-/.@<>&:#~+%=?;', '                ');
