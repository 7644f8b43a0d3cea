-- adjustments (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(adjustments_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- aov (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(order_value_minor) AS DECIMAL(38, 4)) / NULLIF(SUM(orders_placed) * MAX(minor_units), 0) END

-- cohort_active_customers (cohorts)
CASE WHEN MIN(month_number) = MAX(month_number) THEN CAST(SUM(active_customers) AS BIGINT) END

-- cohort_cumulative_net_revenue (cohorts)
CASE WHEN MIN(currency) = MAX(currency) AND MIN(month_number) = MAX(month_number) THEN CAST(SUM(cumulative_net_revenue_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- cohort_customers (cohorts)
CASE WHEN MIN(month_number) = MAX(month_number) THEN CAST(SUM(customers) AS BIGINT) END

-- cohort_net_revenue (cohorts)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(net_revenue_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- customer_net_sales (customer_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(net_sales_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- customer_orders (customer_daily)
CAST(SUM(orders_completed) AS BIGINT)

-- customer_spend (customer_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(customer_spend_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- discounts (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(discounts_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- duties (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(duties_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- fees (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(fees_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- gift_cards_sold (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(gift_cards_sold_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- gross_sales (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(gross_sales_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- ltv (cohorts)
CASE WHEN MIN(currency) = MAX(currency) AND MIN(month_number) = MAX(month_number) THEN CAST(SUM(cumulative_net_revenue_minor) AS DECIMAL(38, 4)) / NULLIF(SUM(customers) * MAX(minor_units), 0) END

-- net_sales (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(net_sales_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- new_customers (metrics_daily)
CAST(SUM(new_customers) AS BIGINT)

-- order_revenue (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(order_revenue_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- order_value (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(order_value_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- orders_completed (metrics_daily)
CAST(SUM(orders_completed) AS BIGINT)

-- orders_paid_back (metrics_daily)
CAST(SUM(orders_paid_back) AS BIGINT)

-- orders_partially_refunded (metrics_daily)
CAST(SUM(orders_partially_refunded) AS BIGINT)

-- orders_placed (metrics_daily)
CAST(SUM(orders_placed) AS BIGINT)

-- orders_refunded (metrics_daily)
CAST(SUM(orders_refunded) AS BIGINT)

-- orders_refunded_any (metrics_daily)
CAST((SUM(orders_refunded) + SUM(orders_partially_refunded)) AS BIGINT)

-- orders_settled (metrics_daily)
CAST((SUM(orders_completed) + SUM(orders_refunded) + SUM(orders_partially_refunded)) AS BIGINT)

-- orders_valid (metrics_daily)
CAST(SUM(orders_valid) AS BIGINT)

-- product_gross_sales (product_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(gross_sales_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- product_net_sales (product_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(net_sales_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- product_quantity (product_daily)
CAST(SUM(quantity_completed) AS BIGINT)

-- product_return_rate (product_daily)
CAST(SUM(units_returned) AS DECIMAL(38, 4)) / NULLIF(SUM(units_sold), 0)

-- product_returns (product_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(returns_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- product_revenue (product_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(product_revenue_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- product_units_returned (product_daily)
CAST(SUM(units_returned) AS BIGINT)

-- product_units_sold (product_daily)
CAST(SUM(units_sold) AS BIGINT)

-- refund_rate (metrics_daily)
CAST(SUM(orders_paid_back) AS DECIMAL(38, 4)) / NULLIF(SUM(orders_placed), 0)

-- refund_rate_by_status (metrics_daily)
CAST((SUM(orders_refunded) + SUM(orders_partially_refunded)) AS DECIMAL(38, 4)) / NULLIF((SUM(orders_completed) + SUM(orders_refunded) + SUM(orders_partially_refunded)), 0)

-- refunded_amount (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(refunded_amount_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- refunded_order_value (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(refunded_order_value_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- refunded_store_credit (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(refunded_store_credit_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- refunds_by_order_date (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(refunds_by_order_date_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- refunds_made (metrics_daily)
CAST(SUM(refunds_made) AS BIGINT)

-- retention (cohorts)
CASE WHEN MIN(month_number) = MAX(month_number) THEN CAST(SUM(active_customers) AS DECIMAL(38, 4)) / NULLIF(SUM(customers), 0) END

-- returns (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(returns_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- shipping (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(shipping_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- taxes (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(taxes_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- tips (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(tips_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- total_sales (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(total_sales_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- units_sold (metrics_daily)
CAST(SUM(units_sold) AS BIGINT)

-- badge of refund_rate_by_status
CASE WHEN CAST((SUM(orders_refunded) + SUM(orders_partially_refunded)) AS DECIMAL(38, 4)) / NULLIF((SUM(orders_completed) + SUM(orders_refunded) + SUM(orders_partially_refunded)), 0) <= 0.05 THEN 'green' WHEN CAST((SUM(orders_refunded) + SUM(orders_partially_refunded)) AS DECIMAL(38, 4)) / NULLIF((SUM(orders_completed) + SUM(orders_refunded) + SUM(orders_partially_refunded)), 0) <= 0.1 THEN 'yellow' WHEN CAST((SUM(orders_refunded) + SUM(orders_partially_refunded)) AS DECIMAL(38, 4)) / NULLIF((SUM(orders_completed) + SUM(orders_refunded) + SUM(orders_partially_refunded)), 0) > 0.1 THEN 'red' END
