//! Statements written once for both databases.
//!
//! diesel has no connection type that covers SQLite and PostgreSQL for batches and upserts, so a statement is
//! compiled once for each: synchronously for SQLite (inside the blocking task that holds the connection) and
//! asynchronously for PostgreSQL. `$conn` is a `&mut Conn`.

/// Rows of a query.
macro_rules! load {
    ($conn:expr, $query:expr) => {
        match &mut *$conn {
            $crate::connection::Conn::Sqlite(c) => diesel::RunQueryDsl::load($query, &mut **c),
            $crate::connection::Conn::Pg(c) => diesel_async::RunQueryDsl::load($query, &mut **c).await,
        }
        .map_err($crate::error::StoreError::from)
    };
}

/// The one row of a query; `Missing` when there is none.
macro_rules! get_result {
    ($conn:expr, $query:expr) => {
        match &mut *$conn {
            $crate::connection::Conn::Sqlite(c) => diesel::RunQueryDsl::get_result($query, &mut **c),
            $crate::connection::Conn::Pg(c) => diesel_async::RunQueryDsl::get_result($query, &mut **c).await,
        }
        .map_err($crate::error::StoreError::from)
    };
}

/// Number of rows a statement touched.
macro_rules! execute {
    ($conn:expr, $statement:expr) => {
        match &mut *$conn {
            $crate::connection::Conn::Sqlite(c) => diesel::RunQueryDsl::execute($statement, &mut **c),
            $crate::connection::Conn::Pg(c) => diesel_async::RunQueryDsl::execute($statement, &mut **c).await,
        }
        .map_err($crate::error::StoreError::from)
    };
}

/// Inserts rows in statements as large as the bind limit of the database allows; gives the number inserted.
macro_rules! insert_rows {
    ($conn:expr, $table:expr, $columns:expr, $rows:expr) => {{
        let mut inserted = 0;
        for chunk in $rows.chunks($conn.bind_limit() / $columns) {
            inserted += execute!($conn, diesel::insert_into($table).values(chunk))?;
        }
        inserted
    }};
}

/// Defines the row of a table whose rows are saved by scope (see `save.rs`): an entity, a date, and optionally a
/// `part` that keeps sets of rows apart (the method, the engine) and a `run` column naming the run that last changed
/// the row.
macro_rules! record {
    (
        $(#[$meta:meta])*
        $name:ident in $table:ident,
        entity $entity:ident: $entity_type:ty, date $date:ident, part [$($part:ident)?], run [$($run:ident)?],
        key ($($key:ident: $key_type:ty),+),
        { $($field:ident: $type:ty),+ $(,)? }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, diesel::Queryable, diesel::Selectable, diesel::Insertable)]
        #[diesel(table_name = crate::schema::$table, treat_none_as_default_value = false)]
        pub(crate) struct $name { $(pub $field: $type,)+ $(pub $run: i64,)? }

        impl crate::save::Record for $name {
            type Entity = $entity_type;
            type Key = ($($key_type,)+);
            const TABLE: &'static str = stringify!($table);

            fn key(&self) -> Self::Key {
                ($(self.$key.clone(),)+)
            }

            fn entity(&self) -> Self::Entity {
                self.$entity.clone()
            }

            fn date(&self) -> chrono::NaiveDate {
                self.$date
            }

            fn part(&self) -> Option<&str> {
                [$(self.$part.as_str())?].first().copied()
            }

            fn same_as(&self, other: &Self) -> bool {
                $(self.$field == other.$field)&&+
            }

            fn numbers(&self) -> Vec<(&'static str, Option<f64>)> {
                use crate::value::Field;
                vec![$((stringify!($field), self.$field.number())),+]
            }

            async fn stored(
                c: &mut crate::connection::Conn<'_>,
                filter: &crate::save::Filter<Self::Entity>,
            ) -> crate::error::Result<Vec<Self>> {
                use crate::schema::$table::dsl;
                use diesel::{ExpressionMethods, QueryDsl, SelectableHelper};
                load!(c, {
                    let mut query = dsl::$table.select(Self::as_select()).into_boxed();
                    query = query.filter(dsl::$date.between(filter.from, filter.to));
                    if let Some(entities) = &filter.entities {
                        query = query.filter(dsl::$entity.eq_any(entities));
                    }
                    $(if let Some(part) = &filter.part { query = query.filter(dsl::$part.eq(part)); })?
                    query
                })
            }

            async fn count(
                c: &mut crate::connection::Conn<'_>,
                filter: &crate::save::Filter<Self::Entity>,
            ) -> crate::error::Result<i64> {
                use crate::schema::$table::dsl;
                use diesel::{ExpressionMethods, QueryDsl};
                get_result!(c, {
                    let mut query = dsl::$table.count().into_boxed();
                    query = query.filter(dsl::$date.between(filter.from, filter.to));
                    if let Some(entities) = &filter.entities {
                        query = query.filter(dsl::$entity.eq_any(entities));
                    }
                    $(if let Some(part) = &filter.part { query = query.filter(dsl::$part.eq(part)); })?
                    query
                })
            }

            async fn delete(
                c: &mut crate::connection::Conn<'_>,
                filter: &crate::save::Filter<Self::Entity>,
            ) -> crate::error::Result<usize> {
                use crate::schema::$table::dsl;
                use diesel::ExpressionMethods;
                execute!(c, {
                    let mut query = diesel::delete(dsl::$table).into_boxed();
                    query = query.filter(dsl::$date.between(filter.from, filter.to));
                    if let Some(entities) = &filter.entities {
                        query = query.filter(dsl::$entity.eq_any(entities));
                    }
                    $(if let Some(part) = &filter.part { query = query.filter(dsl::$part.eq(part)); })?
                    query
                })
            }

            async fn insert(
                c: &mut crate::connection::Conn<'_>,
                rows: &[Self],
            ) -> crate::error::Result<usize> {
                const COLUMNS: usize = [$(stringify!($field)),+].len() + 1;
                Ok(insert_rows!(c, crate::schema::$table::table, COLUMNS, rows))
            }
        }
    };
}
