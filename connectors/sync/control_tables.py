"""What staging keeps about itself: cursors, rows set aside, days read, and what dbt knows of the configuration."""

BOOKKEEPING = """
create schema if not exists takings;
create table if not exists takings.cursors (
    tenant_id varchar, source varchar, source_account varchar, stream varchar, loaded_until timestamp,
    window_id varchar, run_id varchar, loaded_at timestamp);
create table if not exists takings.rejects (
    tenant_id varchar, source varchar, source_account varchar, stream varchar, table_name varchar, row_key varchar,
    reason varchar, run_id varchar, landing_part varchar, rejected_at timestamp);
create table if not exists takings.accounts (tenant_id varchar, source varchar, source_account varchar);
alter table takings.accounts add column if not exists purchase_action varchar;
alter table takings.accounts add column if not exists attribution_window varchar;
create table if not exists takings.targets (tenant_id varchar, metric varchar, target decimal(20, 6));
create table if not exists takings.tenants (
    tenant_id varchar, tenant_name varchar, time_zone varchar, currency varchar);
create table if not exists takings.runs (run_id varchar, started_at timestamp);
create table if not exists takings.days_read (
    tenant_id varchar, source varchar, source_account varchar, stream varchar, day date, as_of timestamp,
    run_id varchar);
create table if not exists takings.exchange_rates (
    rate_day date, from_currency varchar, to_currency varchar, rate decimal(20, 12));
"""
