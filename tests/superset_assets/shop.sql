-- One tenant's sales of {days} days, made up; the other marts are filled by rows.py.
SET VARIABLE first = CAST(current_date - INTERVAL {days} DAY AS DATE);
CREATE OR REPLACE TEMP TABLE days AS
  SELECT CAST(unnest(generate_series(getvariable('first'), current_date + INTERVAL 1 DAY, INTERVAL 1 DAY)) AS DATE)
    AS date_day;  -- tomorrow too: tests may run over midnight
CREATE OR REPLACE MACRO r(salt, low, high) AS low + hash('{tenant}' || CAST(salt AS VARCHAR)) % greatest(high - low, 1);

INSERT INTO marts.metrics_daily BY NAME
  WITH base AS (
    SELECT date_day, channel, share, r(date_day || channel, 40, 90) * share // 100 AS orders_placed,
      r(date_day || channel || 'r', 0, 4) * share // 60 AS refunded, r(date_day || 'p', 3000, 7000) * {scale} AS price
    FROM days, (VALUES ('Online store', 100), ('Point of sale', 40)) AS c (channel, share)
  )
  SELECT '{tenant}' AS tenant_id, 'shopify' AS source, channel, date_day, '{currency}' AS currency, 100 AS minor_units,
    orders_placed * price AS gross_sales_minor, orders_placed * price // 12 AS discounts_minor,
    refunded * price AS returns_minor, gross_sales_minor - discounts_minor - returns_minor AS net_sales_minor,
    orders_placed * 450 AS shipping_minor, net_sales_minor // 10 AS taxes_minor, 0 AS duties_minor, 0 AS fees_minor,
    net_sales_minor + shipping_minor + taxes_minor AS total_sales_minor, orders_placed * 10 AS tips_minor,
    0 AS gift_cards_sold_minor, 0 AS adjustments_minor, gross_sales_minor - discounts_minor AS order_value_minor,
    total_sales_minor AS order_revenue_minor, refunded * price * 2 AS refunded_order_value_minor,
    refunded * price AS refunded_amount_minor, 0 AS refunded_store_credit_minor,
    refunded * price AS refunds_by_order_date_minor, orders_placed, orders_placed AS orders_valid,
    orders_placed - refunded AS orders_completed, refunded // 2 AS orders_refunded,
    refunded - refunded // 2 AS orders_partially_refunded, refunded AS orders_paid_back, refunded AS refunds_made,
    orders_placed * 2 AS units_sold, orders_placed // 3 AS new_customers
  FROM base;

INSERT INTO marts.product_daily BY NAME
  SELECT '{tenant}' AS tenant_id, 'shopify' AS source, CAST(n AS VARCHAR) AS product_key, product_key AS product_id,
    title AS product_title, 'SKU-' || n || '-{canary}' AS skus, date_day, '{currency}' AS currency, 100 AS minor_units,
    r(date_day || 'q' || n, 0, 24 - n) AS quantity_completed,
    quantity_completed * (1900 + 700 * n) * {scale} AS product_revenue_minor, quantity_completed AS units_sold,
    0 AS units_returned, product_revenue_minor AS gross_sales_minor, 0 AS discounts_minor, 0 AS returns_minor,
    product_revenue_minor AS net_sales_minor
  FROM days, (SELECT unnest(generate_series(1, 14)) AS n, unnest(['Trail Runner 2', 'Merino Base Layer',
    'Ridge Two-Person Tent with Footprint', 'Cast Iron Pan 28 cm', 'Pour-over Kettle', 'Chef''s Knife',
    'Oak Cutting Board', 'Down Jacket', 'Headlamp {canary}', 'Dry Bag 20 l', 'Camp Stove', 'Enamel Mug',
    'Hiking Poles (Pair)', 'Enamel Mug']) AS title) AS p;

INSERT INTO marts.customer_daily BY NAME
  SELECT '{tenant}' AS tenant_id, 'shopify' AS source, CAST(n AS VARCHAR) AS customer_key, customer_key AS customer_id,
    first || ' ' || last || ' {canary}' AS display_name, date_day, '{currency}' AS currency, 100 AS minor_units, 1 AS orders_placed,
    1 AS orders_completed, r(n || 's' || date_day, 1500, 26000) * {scale} AS customer_spend_minor,
    customer_spend_minor AS net_sales_minor
  FROM days, (SELECT n, ['Ada', 'Björn', 'Chloé', 'Daniel', 'Esra', 'Finn', 'Grace'][n % 7 + 1] AS first,
      ['Lovelace', 'Ångström', 'Dupont', 'Okafor', 'Yılmaz', 'Meyer-Landrut', 'Hopper', 'Nakamura',
        'Silva'][n % 9 + 1] AS last
    FROM generate_series(1, 63) AS s (n)) AS c
  WHERE r(n || 'c' || date_day, 0, 100) < 4 + n % 5;

INSERT INTO marts.cohorts BY NAME
  SELECT '{tenant}' AS tenant_id, CAST(first_month + to_months(c) AS DATE) AS cohort_month,
    CAST(m AS INTEGER) AS month_number,
    '{currency}' AS currency, 100 AS minor_units, r('n' || c, 120, 400) AS customers,
    CASE WHEN m = 0 THEN customers ELSE customers * r('a' || c || m, 8, 30) // (100 + 20 * m) END AS active_customers,
    active_customers AS orders, active_customers * 6000 * {scale} AS net_revenue_minor,
    active_customers * 6000 * (m + 1) * {scale} AS cumulative_net_revenue_minor
  FROM (SELECT date_trunc('month', current_date - INTERVAL 12 MONTH) AS first_month), generate_series(0, 12) AS cs (c),
    generate_series(0, 12) AS ms (m)
  WHERE c + m <= 12;

INSERT INTO marts.build_info BY NAME
  SELECT '{tenant}' AS tenant_id, '{run_id}' AS run_id, TIMESTAMP '{now}' - INTERVAL 60 HOUR AS as_of, '{now}' AS published_at,
    'Shop {canary} · updated 12:08 on 1 Jun 2026 · Shopify · {run_id}' AS trust;
