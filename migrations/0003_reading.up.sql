-- What reading needs: a search over posts, and indexes for orders and filters.

-- The language of searches: `byline search-language` gives it another one's rules.
create text search configuration byline (copy = simple);

-- What the parser of text searches would chain to one word, such as a path, a host or a
-- tag, is words to people; it also takes the square of its length in time. Every
-- character becomes one, so that a place in the one text is a place in the other.
create function byline_words(text) returns text language sql immutable strict parallel safe
    return translate($1, '_-/.@<>&:#~+%=?;', '                ');

-- A word in the title weighs more than one in the content. Of a content its first
-- 50,000 characters are searched, since a tsvector has a limit of its own. Writes all
-- posts anew, while nobody else reads or writes them.
alter table posts add column search tsvector not null generated always as (
    setweight(to_tsvector('byline', byline_words(title)), 'A')
    || setweight(to_tsvector('byline', byline_words(left(coalesce(content, ''), 50000))), 'B')
) stored;

-- Without fastupdate, as with the search of users.
create index posts_search_idx on posts using gin (search) with (fastupdate = off);

-- The newest posts of an author, and whether there are any, whatever the trash holds.
create index posts_living_author_id_idx on posts (author_id, created_at, id) where deleted_at is null;

-- What was published last; what is not published comes after all of it.
create index posts_living_published_at_idx on posts (coalesce(published_at, '-infinity'), id)
    where deleted_at is null;
create index posts_trash_published_at_idx on posts (coalesce(published_at, '-infinity'), id)
    where deleted_at is not null;

-- The newest users of a role, few as they may be.
create index users_living_role_idx on users (role collate "C", created_at, id) where deleted_at is null;
