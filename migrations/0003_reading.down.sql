drop index users_living_role_idx;
drop index posts_trash_published_at_idx;
drop index posts_living_published_at_idx;
drop index posts_living_author_id_idx;
alter table posts drop column search;
drop function byline_words(text);
drop text search configuration byline;
