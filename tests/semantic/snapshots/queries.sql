-- one mart
SELECT
  CAST(DATE_TRUNC('month', date_day) AS DATE) AS month,
  channel AS channel,
  CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(net_sales_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END AS net_sales,
  CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(order_value_minor) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(orders_placed) * MAX(minor_units), 0) END AS aov
FROM marts.metrics_daily
WHERE tenant_id = 'aurora'
  AND date_day >= DATE '2026-01-01'
  AND date_day <= DATE '2026-03-31'
GROUP BY CAST(DATE_TRUNC('month', date_day) AS DATE), channel
ORDER BY month NULLS LAST, channel NULLS LAST

-- two marts
SELECT
  week,
  MAX(net_sales) AS net_sales,
  MAX(product_revenue) AS product_revenue
FROM (
SELECT
  CAST(DATE_TRUNC('week', date_day) AS DATE) AS week,
  CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(net_sales_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END AS net_sales,
  CAST(NULL AS DECIMAL(38, 3)) AS product_revenue
FROM marts.metrics_daily
WHERE tenant_id = 'aurora'
  AND date_day >= DATE '2026-01-01'
  AND date_day <= DATE '2026-03-31'
GROUP BY CAST(DATE_TRUNC('week', date_day) AS DATE)
UNION ALL
SELECT
  CAST(DATE_TRUNC('week', date_day) AS DATE) AS week,
  CAST(NULL AS DECIMAL(38, 3)) AS net_sales,
  CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(product_revenue_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END AS product_revenue
FROM marts.product_daily
WHERE tenant_id = 'aurora'
  AND date_day >= DATE '2026-01-01'
  AND date_day <= DATE '2026-03-31'
GROUP BY CAST(DATE_TRUNC('week', date_day) AS DATE)
) AS parts
GROUP BY week
ORDER BY week NULLS LAST

-- no dimension
SELECT
  CAST(SUM(orders_placed) AS BIGINT) AS orders_placed
FROM marts.metrics_daily

-- top ten
SELECT
  product_key AS product_key,
  MAX(product_title) AS product_title,
  CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(product_revenue_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END AS product_revenue
FROM marts.product_daily
GROUP BY product_key
HAVING CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(product_revenue_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END > 0
ORDER BY product_revenue DESC NULLS LAST, product_key NULLS LAST
LIMIT 10

-- cohorts
SELECT
  cohort_month AS month,
  month_number AS month_number,
  CASE WHEN MIN(month_number) = MAX(month_number) THEN CAST(SUM(active_customers) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(customers), 0) END AS retention,
  CASE WHEN MIN(currency) = MAX(currency) AND MIN(month_number) = MAX(month_number) THEN CAST(SUM(cumulative_net_revenue_minor) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(customers) * MAX(minor_units), 0) END AS ltv
FROM marts.cohorts
WHERE cohort_month >= DATE '2026-01-01'
  AND cohort_month <= DATE '2026-03-31'
GROUP BY cohort_month, month_number
ORDER BY month NULLS LAST, month_number NULLS LAST
