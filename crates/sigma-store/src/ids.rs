//! Keys assigned by the application, unique between processes.

use diesel::{ExpressionMethods, upsert::excluded};

use crate::{connection::Conn, error::Result, schema::counters::dsl as t};

/// Takes `n` consecutive ids and returns the first. Call it in the transaction that inserts the rows: the counter row
/// stays locked until then, so two processes never get the same id.
pub(crate) async fn allocate(c: &mut Conn<'_>, counter: &str, n: usize) -> Result<i64> {
    let n = n as i64;
    let next: i64 = get_result!(
        c,
        diesel::insert_into(t::counters)
            .values((t::name.eq(counter), t::next_id.eq(n + 1)))
            .on_conflict(t::name)
            .do_update()
            .set(t::next_id.eq(t::next_id + excluded(t::next_id) - 1i64))
            .returning(t::next_id)
    )?;
    Ok(next - n)
}
