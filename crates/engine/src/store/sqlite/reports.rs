//! What the replicas say of themselves.

use rusqlite::{Connection, Row, params};
use tracing::warn;

use super::rows::{required_time, time};
use super::trouble;
use crate::store::{Report, Role};

pub(super) fn save(connection: &Connection, report: &Report) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO StatusTable VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)";
    connection.prepare_cached(sql)?.execute(params![
        report.role.as_str(),
        report.replica,
        report.version,
        report.state,
        report.code,
        report.detail,
        report.position.cast_signed(),
        report.position_timestamp.map(|at| at.to_string()),
        report.latest.cast_signed(),
        report.last_success.map(|at| at.to_string()),
        report.at.to_string(),
    ])?;
    Ok(())
}

pub(super) fn all(connection: &Connection) -> rusqlite::Result<Vec<Report>> {
    let mut statement = connection.prepare_cached("SELECT * FROM StatusTable ORDER BY Role")?;
    let mut reports = Vec::new();
    for report in statement.query_map([], report)? {
        match report {
            Err(error) if trouble::is_of_a_row(&error) => warn!(
                event = "row_unreadable",
                table = "StatusTable",
                "what a replica said of itself is left out: {}",
                trouble::unreadable(&error)
            ),
            report => reports.push(report?),
        }
    }
    Ok(reports)
}

fn report(row: &Row<'_>) -> rusqlite::Result<Report> {
    let role: String = row.get("Role")?;
    Ok(Report {
        role: if role == Role::Standby.as_str() {
            Role::Standby
        } else {
            Role::Active
        },
        replica: row.get("Replica")?,
        version: row.get("Version")?,
        state: row.get("State")?,
        code: row.get("Code")?,
        detail: row.get("Detail")?,
        position: row.get::<_, i64>("Position")?.cast_unsigned(),
        position_timestamp: time(row, "PositionTimestamp")?,
        latest: row.get::<_, i64>("Latest")?.cast_unsigned(),
        last_success: time(row, "LastSuccess")?,
        at: required_time(row, "At")?,
    })
}
