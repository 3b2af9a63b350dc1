alter table posts alter column author_id set statistics -1;
alter index users_search_idx alter column 2 set statistics -1;
alter index users_search_idx alter column 1 set statistics -1;
create or replace function byline_words(text) returns text language sql immutable strict parallel safe
    return translate($1, '_-/.@<>&:#~+%=?;', '                ');
