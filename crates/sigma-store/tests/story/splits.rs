//! A split of a lot and its taking back: together they change nothing.

use sigma_core::model::Position;
use sigma_store::{NewPosition, PositionLot, Store, StoreError};

use crate::date;

/// Everything that a split could touch.
type Tables = (Vec<PositionLot>, Vec<(i64, Vec<String>)>, Vec<sigma_core::model::CashEntry>);

async fn tables(store: &mut Store, portfolio: i64) -> Tables {
    let tags = store.position_tags(&[portfolio]).await.unwrap();
    let mut tags: Vec<_> = tags.into_iter().collect();
    tags.sort();
    (store.position_lots(&[portfolio]).await.unwrap(), tags, store.cash_entries(&[portfolio]).await.unwrap())
}

async fn refused(store: &mut Store, id: i64, told: &str) {
    let error = store.unsplit_position(id).await.unwrap_err();
    assert!(matches!(&error, StoreError::Invalid { detail, .. } if detail.contains(told)), "{told}: {error}");
    assert_eq!(store.applied_split(id).await.unwrap_err().to_string(), error.to_string());
}

pub async fn are_taken_back(store: &mut Store, portfolio_id: i64) {
    let user = store.users().await.unwrap()[0].id;
    let instrument_id = store.positions(&[portfolio_id]).await.unwrap()[0].instrument_id;
    let new = NewPosition {
        portfolio_id,
        instrument_id,
        quantity: 31.0,
        entry_price: 70.1,
        entry_date: date("2025-03-03"),
        exit: None,
    };
    let id = store.add_position(new.clone()).await.unwrap();
    let (core, other) =
        (store.add_tag(user, "core").await.unwrap(), store.add_tag(user, "other").await.unwrap());
    store.tag_position(id, core.id).await.unwrap();
    let untouched = tables(store, portfolio_id).await;
    refused(store, id, "is no result of an applied split").await;
    let missing = store.unsplit_position(id + 1000).await;
    assert!(matches!(missing, Err(StoreError::Missing { .. })));

    // By either lot; three for one does not divide the price evenly.
    let split = date("2025-03-10");
    for by_the_new_one in [false, true] {
        let on = store.split_position(id, split, 93.0, 70.1 / 3.0).await.unwrap();
        let told = store.unsplit_position(if by_the_new_one { on } else { id }).await.unwrap();
        let exit = |position: &Position| (position.id, position.exit_date);
        assert_eq!(
            (exit(&told.before.position), exit(&told.after.position)),
            ((id, Some(split)), (on, None))
        );
        assert_eq!(tables(store, portfolio_id).await, untouched);
    }

    // A later split is taken back first; a reverse one is no different.
    let on = store.split_position(id, split, 93.0, 70.1 / 3.0).await.unwrap();
    let once = tables(store, portfolio_id).await;
    let twice = store.split_position(on, date("2025-04-01"), 9.3, 701.0 / 3.0).await.unwrap();
    refused(store, id, "ended on 2025-04-01, as by another split").await;
    assert_eq!(store.unsplit_position(on).await.unwrap().after.position.id, twice);
    assert_eq!(tables(store, portfolio_id).await, once);

    // What has been changed since is not thrown away.
    store.tag_position(on, other.id).await.unwrap();
    refused(store, id, "has other tags").await;
    refused(store, on, "has other tags").await;
    store.untag_position(on, other.id).await.unwrap();
    let part = store.close_position(on, 25.0, date("2025-05-05"), Some(3.0)).await.unwrap();
    refused(store, on, "has been changed since").await;
    refused(store, id, "has been changed since").await;
    refused(store, part, "has been changed since").await;
    store.remove_position(part).await.unwrap();
    store.close_position(on, 25.0, date("2025-05-06"), None).await.unwrap();
    store.remove_position(on).await.unwrap();
    refused(store, id, "is no result of an applied split").await;
    store.remove_position(id).await.unwrap();

    closed_and_twin_lots(store, new).await;
    store.remove_tag(user, "core").await.unwrap();
    store.remove_tag(user, "other").await.unwrap();
}

async fn closed_and_twin_lots(store: &mut Store, new: NewPosition) {
    let (portfolio_id, split) = (new.portfolio_id, date("2025-03-10"));
    let first = store.add_position(new.clone()).await.unwrap();
    let second =
        store.add_position(NewPosition { entry_date: date("2025-03-04"), ..new.clone() }).await.unwrap();
    let both_open = tables(store, portfolio_id).await;
    let first_on = store.split_position(first, split, 62.0, new.entry_price / 2.0).await.unwrap();
    let second_on = store.split_position(second, split, 62.0, new.entry_price / 2.0).await.unwrap();
    // Only the earlier lots can be told apart.
    refused(store, second_on, &format!("can go on from any of {first}, {second}")).await;
    store.unsplit_position(first).await.unwrap();
    store.unsplit_position(second).await.unwrap();
    assert_eq!(tables(store, portfolio_id).await, both_open);
    assert!(store.applied_split(first_on).await.is_err());

    store.remove_position(second).await.unwrap();
    let on = store.split_position(first, split, 62.0, new.entry_price / 2.0).await.unwrap();
    store.close_position(on, 40.0, date("2025-05-05"), None).await.unwrap();
    refused(store, first, "was closed on 2025-05-05").await;
    refused(store, on, "was closed on 2025-05-05").await;
    store.remove_position(on).await.unwrap();
    store.remove_position(first).await.unwrap();
}
