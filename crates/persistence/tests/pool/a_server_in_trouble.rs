//! A server in trouble.

use super::*;

#[tokio::test]
async fn a_connection_that_is_cut_is_lost_at_most_once_and_then_replaced() {
    let mut world = World::new(&patient(1)).await;
    world.find(1).await.unwrap();
    // The connection goes back to the pool in the background.
    tokio::time::sleep(SECOND / 10).await;
    world.terminate().await;
    let first = world.find(1).await;
    // On a slow machine the pool itself may have met the cut first, and replaced it.
    if first.is_err() {
        assert_lost(first);
    }
    assert_eq!(world.find(1).await.unwrap(), None);
}

#[tokio::test]
async fn a_connection_that_was_cut_in_a_quiet_time_costs_no_call_its_answer() {
    let mut world = World::new(&patient(1)).await;
    world.find(1).await.unwrap();
    world.terminate().await;
    tokio::time::sleep(SECOND + SECOND / 5).await;
    assert_eq!(world.find(1).await.unwrap(), None);
}

#[tokio::test]
async fn a_read_that_is_cut_half_way_is_lost_and_the_next_answers() {
    let mut world = World::new(&patient(1)).await;
    world.lock_users().await;
    let call = world.start_find(1);
    world.until(WAITING, 1).await;
    execute(&mut world.beside, TERMINATE).await;
    assert_lost(call.await.unwrap());
    world.unlock().await;
    assert_eq!(world.find(1).await.unwrap(), None);
}

#[tokio::test]
async fn a_unit_of_work_that_is_cut_keeps_nothing() {
    let mut world = World::new(&patient(1)).await;
    let mut unit = world.database.begin().await.unwrap();
    unit.users().insert(&fixtures::user(1)).await.unwrap();
    world.terminate().await;
    assert_lost(unit.users().insert(&fixtures::user(2)).await);
    drop(unit);
    assert_eq!(world.find(1).await.unwrap(), None);
    assert_eq!(world.find(2).await.unwrap(), None);
}

#[tokio::test]
async fn all_connections_cut_at_once_are_replaced() {
    let mut world = World::new(&patient(4)).await;
    let mut units = Vec::new();
    for _ in 0..4 {
        units.push(world.database.begin().await.unwrap());
    }
    for unit in units {
        unit.rollback().await.unwrap();
    }
    world.until(BACKENDS, 4).await;
    world.terminate().await;
    tokio::time::sleep(SECOND + SECOND / 5).await;
    let finds = [1, 2, 3, 4].map(|number| world.start_find(number));
    for find in finds {
        find.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn of_connections_that_were_cut_while_idle_at_most_one_costs_a_call_its_answer() {
    let mut world = World::new(&patient(4)).await;
    let mut units = Vec::new();
    for _ in 0..4 {
        units.push(world.database.begin().await.unwrap());
    }
    for unit in units {
        unit.rollback().await.unwrap();
    }
    // They go back to the pool in the background.
    tokio::time::sleep(SECOND / 10).await;
    world.terminate().await;
    let mut lost = 0;
    for number in 1..=8 {
        let found = world.find(number).await;
        if found.is_err() {
            assert_lost(found);
            lost += 1;
        }
    }
    assert!(lost <= 1, "{lost}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable_in_time() {
    let nowhere = PgConnectOptions::new_without_pgpass()
        .socket("/nonexistent")
        .username("nobody")
        .database("nothing");
    let settings = PoolSettings {
        acquire_timeout: Duration::from_millis(300),
        ..patient(1)
    };
    let database = Database::new(nowhere, &settings);
    let began = Instant::now();
    assert_unavailable(database.ping().await);
    assert_unavailable(database.begin().await);
    assert!(began.elapsed() < 2 * SECOND, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_database_that_does_not_exist_is_unavailable() {
    let world = World::new(&patient(1)).await;
    let server = world.test.connect_options().database("not_a_database");
    let settings = PoolSettings {
        acquire_timeout: SECOND,
        ..patient(1)
    };
    assert_unavailable(Database::new(server, &settings).ping().await);
}

#[tokio::test]
async fn a_pool_that_is_closed_is_unavailable() {
    let world = World::new(&patient(1)).await;
    world.database.ping().await.unwrap();
    world.database.close().await;
    assert_unavailable(world.find(1).await);
}

#[tokio::test]
async fn a_server_that_only_reads_refuses_a_change_as_unavailable() {
    let mut world = World::new(&patient(1)).await;
    // Reads, and does not write, as a server that was demoted.
    world.find(1).await.unwrap();
    execute(
        &mut world.beside,
        "do $$ begin execute format(
            'alter database %I set default_transaction_read_only = on', current_database());
        end $$",
    )
    .await;
    world.database.close().await;
    let demoted = Database::new(world.test.connect_options(), &patient(1));
    let mut unit = demoted.begin().await.unwrap();
    assert_unavailable(unit.users().insert(&fixtures::user(1)).await);
}

#[tokio::test]
async fn a_schema_that_changes_under_a_prepared_statement_costs_one_call() {
    let mut world = World::new(&patient(1)).await;
    world.insert(&fixtures::user(1)).await;
    world.find(1).await.unwrap();
    execute(
        &mut world.beside,
        "alter table users alter column role type varchar(50)",
    )
    .await;
    assert_contention(world.find(1).await);
    assert_eq!(world.find(1).await.unwrap(), Some(fixtures::user(1)));
}

#[tokio::test]
async fn a_column_that_is_added_costs_no_call() {
    let mut world = World::new(&patient(1)).await;
    world.insert(&fixtures::user(1)).await;
    world.find(1).await.unwrap();
    execute(&mut world.beside, "alter table users add column later text").await;
    assert_eq!(world.find(1).await.unwrap(), Some(fixtures::user(1)));
}
