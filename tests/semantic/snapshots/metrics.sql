-- active_chat_sessions (assistant_now)
CAST(SUM(active_sessions) AS BIGINT)

-- active_customers (customers_monthly)
CASE WHEN MIN(date_month) = MAX(date_month) THEN CAST(SUM(customers_closing) AS BIGINT) END

-- active_customers_lost (customers_monthly)
CASE WHEN MIN(date_month) = MAX(date_month) THEN CAST(SUM(customers_lost) AS BIGINT) END

-- active_customers_opening (customers_monthly)
CASE WHEN MIN(date_month) = MAX(date_month) THEN CAST(SUM(customers_opening) AS BIGINT) END

-- active_customers_returned (customers_monthly)
CASE WHEN MIN(date_month) = MAX(date_month) THEN CAST(SUM(customers_returned) AS BIGINT) END

-- activity_events (activity_daily)
CASE WHEN MIN(date_day) = MAX(date_day) THEN CAST(SUM(events) AS BIGINT) END

-- activity_sessions (activity_daily)
CASE WHEN MIN(date_day) = MAX(date_day) THEN CAST(SUM(sessions) AS BIGINT) END

-- ad_spend (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(ad_spend_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- add_to_cart_rate (metrics_daily)
CAST(SUM(sessions_with_cart) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(sessions), 0)

-- add_to_cart_rate_by_count (metrics_daily)
CAST(SUM(add_to_carts) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(sessions), 0)

-- add_to_carts (metrics_daily)
CAST(SUM(add_to_carts) AS BIGINT)

-- add_to_carts_less_orders (metrics_daily)
CAST((SUM(add_to_carts) - SUM(orders_placed)) AS BIGINT)

-- adjustments (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(adjustments_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- ai_generation_count (ai_generations)
CAST(SUM(generations) AS BIGINT)

-- ai_generation_failures (ai_generations)
CAST(SUM(failures) AS BIGINT)

-- ai_generation_success_rate (ai_generations)
CAST(SUM(successes) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(generations), 0)

-- ai_generation_successes (ai_generations)
CAST(SUM(successes) AS BIGINT)

-- ai_latency_p50 (ai_generations)
CAST(PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY latency_seconds) AS DECIMAL(38, 6)) * EXP(0)

-- ai_latency_p95 (ai_generations)
CAST(PERCENTILE_CONT(0.95) WITHIN GROUP (ORDER BY latency_seconds) AS DECIMAL(38, 6)) * EXP(0)

-- aov (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(order_value_minor) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(orders_placed) * MAX(minor_units), 0) END

-- aov_all_orders (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(revenue_all_orders_minor) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(orders_placed) * MAX(minor_units), 0) END

-- api_calls (metrics_daily)
CAST(SUM(api_calls) AS BIGINT)

-- api_error_rate (metrics_daily)
CAST(SUM(api_errors) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(api_calls), 0)

-- api_errors (metrics_daily)
CAST(SUM(api_errors) AS BIGINT)

-- arr (mrr_monthly)
CASE WHEN MIN(currency) = MAX(currency) AND MIN(date_month) = MAX(date_month) THEN CAST(SUM(arr_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- arr_shop (mrr_monthly)
CASE WHEN MIN(currency) = MAX(currency) AND MIN(date_month) = MAX(date_month) THEN CAST(SUM(shop_arr_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- arr_total (mrr_monthly)
CASE WHEN MIN(currency) = MAX(currency) AND MIN(date_month) = MAX(date_month) THEN CAST(COALESCE(SUM(arr_minor) + SUM(shop_arr_minor), SUM(shop_arr_minor)) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- assistant_cost (assistant_daily)
CASE WHEN MIN(currency) = MAX(currency) AND COALESCE(SUM(messages_without_cost), 0) = 0 THEN CAST(SUM(cost_micros) AS DECIMAL(32, 0)) * 0.000001 END

-- assistant_cost_known (assistant_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(cost_micros) AS DECIMAL(32, 0)) * 0.000001 END

-- assistant_cost_today (assistant_now)
CASE WHEN MIN(currency) = MAX(currency) AND COALESCE(SUM(messages_without_cost_today), 0) = 0 THEN CAST(SUM(cost_today_micros) AS DECIMAL(32, 0)) * 0.000001 END

-- assistant_messages (assistant_daily)
CAST(SUM(assistant_messages) AS BIGINT)

-- assisted_net_sales (assistant_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(assisted_net_sales_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- assisted_orders (assistant_daily)
CAST(SUM(assisted_orders) AS BIGINT)

-- average_chat_seconds (assistant_daily)
CAST(SUM(duration_seconds) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(sessions_with_duration), 0)

-- balance_change (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(balance_change_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- break_even_revenue (finance_monthly)
CASE WHEN MIN(currency) = MAX(currency) AND MIN(date_month) = MAX(date_month) THEN CAST(SUM(break_even_revenue_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- bridge_amount (sales_bridge)
CASE WHEN MIN(currency) = MAX(currency) AND MIN(bridge) = MAX(bridge) THEN CAST(SUM(amount_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- burning (finance_monthly)
CASE WHEN MIN(currency) = MAX(currency) AND MIN(date_month) = MAX(date_month) THEN CAST(SUM(burning_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- cac (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(ad_spend_minor) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(new_customers) * MAX(minor_units), 0) END

-- cached_cost (model_usage_daily)
CASE WHEN MIN(currency) = MAX(currency) AND COALESCE(SUM(messages_without_cost), 0) = 0 THEN CAST(SUM(cached_cost_micros) AS DECIMAL(32, 0)) * 0.000001 END

-- cached_tokens (model_usage_daily)
CAST(SUM(cached_tokens) AS BIGINT)

-- campaign_clicks (spend)
CAST(SUM(clicks) AS BIGINT)

-- campaign_cpa (spend)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(spend_micros) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(purchases) * 1000000, 0) END

-- campaign_cpc (spend)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(spend_micros) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(clicks) * 1000000, 0) END

-- campaign_cpm (spend)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(1000 * SUM(spend_micros) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(impressions) * 1000000, 0) END

-- campaign_ctr (spend)
CAST(SUM(clicks) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(impressions), 0)

-- campaign_impressions (spend)
CAST(SUM(impressions) AS BIGINT)

-- campaign_purchase_value (spend)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(purchase_value_micros) AS DECIMAL(32, 0)) * 0.000001 END

-- campaign_purchases (spend)
CAST(SUM(purchases) AS BIGINT)

-- campaign_roas (spend)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(purchase_value_micros) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(spend_micros), 0) END

-- campaign_spend (spend)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(spend_micros) AS DECIMAL(32, 0)) * 0.000001 END

-- cart_abandonment (metrics_daily)
CAST((SUM(sessions_with_cart) - SUM(cart_sessions_ordered)) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(sessions_with_cart), 0)

-- cart_abandonment_by_count (metrics_daily)
CAST((SUM(add_to_carts) - SUM(orders_placed)) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(add_to_carts), 0)

-- cart_sessions_ordered (metrics_daily)
CAST(SUM(cart_sessions_ordered) AS BIGINT)

-- carts_abandoned (metrics_daily)
CAST((SUM(sessions_with_cart) - SUM(cart_sessions_ordered)) AS BIGINT)

-- cash_balance (finance_monthly)
CASE WHEN MIN(currency) = MAX(currency) AND MIN(date_month) = MAX(date_month) THEN CAST(SUM(cash_balance_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- cash_fees (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(cash_fees_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- cash_net (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST((SUM(cash_received_minor) - SUM(cash_refunded_minor) - SUM(disputes_minor) - SUM(cash_fees_minor)) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- cash_other (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(cash_other_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- cash_received (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(cash_received_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- cash_refunded (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(cash_refunded_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- chat_conversion_rate (assistant_daily)
CAST(SUM(sessions_with_order) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(sessions), 0)

-- chat_messages (assistant_daily)
CAST(SUM(messages) AS BIGINT)

-- chat_messages_today (assistant_now)
CAST(SUM(messages_today) AS BIGINT)

-- chat_rating_points (assistant_daily)
CAST(SUM(rating_points) AS BIGINT)

-- chat_satisfaction (assistant_daily)
CAST(SUM(rating_points) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(rated_sessions), 0)

-- chat_seconds (assistant_daily)
CAST(SUM(duration_seconds) AS BIGINT)

-- chat_sessions (assistant_daily)
CAST(SUM(sessions) AS BIGINT)

-- chat_sessions_in_all (assistant_now)
CAST(SUM(sessions_in_all) AS BIGINT)

-- chat_sessions_today (assistant_now)
CAST(SUM(sessions_today) AS BIGINT)

-- chat_sessions_with_order (assistant_daily)
CAST(SUM(sessions_with_order) AS BIGINT)

-- churn_rate (mrr_monthly)
CASE WHEN MIN(date_month) = MAX(date_month) THEN CAST(SUM(customers_churned) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(customers_opening), 0) END

-- churn_to_target (mrr_monthly)
CASE WHEN MIN(date_month) = MAX(date_month) THEN CAST(SUM(customers_churned) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(customers_churn_target), 0) END

-- churned_mrr (mrr_monthly)
CASE WHEN MIN(currency) = MAX(currency) AND MIN(date_month) = MAX(date_month) THEN CAST(SUM(churned_mrr_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- clicks (metrics_daily)
CAST(SUM(clicks) AS BIGINT)

-- cohort_active_customers (cohorts)
CASE WHEN MIN(month_number) = MAX(month_number) THEN CAST(SUM(active_customers) AS BIGINT) END

-- cohort_cumulative_net_revenue (cohorts)
CASE WHEN MIN(currency) = MAX(currency) AND MIN(month_number) = MAX(month_number) THEN CAST(SUM(cumulative_net_revenue_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- cohort_customers (cohorts)
CASE WHEN MIN(month_number) = MAX(month_number) THEN CAST(SUM(customers) AS BIGINT) END

-- cohort_net_revenue (cohorts)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(net_revenue_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- contraction_mrr (mrr_monthly)
CASE WHEN MIN(currency) = MAX(currency) AND MIN(date_month) = MAX(date_month) THEN CAST(SUM(contraction_mrr_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- contradicted_customer_types (vault_sales)
CAST(SUM(contradicted_orders) AS BIGINT)

-- contribution_margin_rate (finance_monthly)
CASE WHEN MIN(currency) = MAX(currency) AND MIN(date_month) = MAX(date_month) THEN CAST(SUM(contribution_margin_minor) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(income_minor), 0) END

-- conversion_rate (metrics_daily)
CAST(SUM(orders_placed) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(sessions), 0)

-- conversion_rate_by_users (metrics_daily)
CAST(SUM(orders_placed) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(user_days), 0)

-- cost_assumed_share (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(sales_cost_assumed_minor) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(net_sales_minor), 0) END

-- cost_coverage (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(sales_cost_recorded_minor) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(net_sales_minor), 0) END

-- cost_missing_share (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(sales_cost_missing_minor) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(net_sales_minor), 0) END

-- cost_of_goods (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(cost_of_goods_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- cost_of_goods_assumed (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(cost_of_goods_assumed_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- cost_per_assisted_order (assistant_daily)
CASE WHEN MIN(currency) = MAX(currency) AND COALESCE(SUM(messages_without_cost), 0) = 0 THEN CAST(ROUND(CAST(SUM(cost_micros) AS DECIMAL(38, 4)) / NULLIF(SUM(assisted_orders), 0)) AS DECIMAL(32, 0)) * 0.000001 END

-- cost_per_assisted_order_known (assistant_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(ROUND(CAST(SUM(cost_micros) AS DECIMAL(38, 4)) / NULLIF(SUM(assisted_orders), 0)) AS DECIMAL(32, 0)) * 0.000001 END

-- cost_per_chat_session (assistant_daily)
CASE WHEN MIN(currency) = MAX(currency) AND COALESCE(SUM(messages_without_cost), 0) = 0 THEN CAST(ROUND(CAST(SUM(cost_micros) AS DECIMAL(38, 4)) / NULLIF(SUM(sessions), 0)) AS DECIMAL(32, 0)) * 0.000001 END

-- cpa (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(ad_spend_minor) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(platform_purchases) * MAX(minor_units), 0) END

-- cpc (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(ad_spend_minor) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(clicks) * MAX(minor_units), 0) END

-- cpm (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(1000 * SUM(ad_spend_minor) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(impressions) * MAX(minor_units), 0) END

-- ctr (metrics_daily)
CAST(SUM(clicks) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(impressions), 0)

-- customer_net_sales (customer_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(net_sales_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- customer_orders (customer_daily)
CAST(SUM(orders_completed) AS BIGINT)

-- customer_revenue (customer_ltv)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(net_revenue_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- customer_spend (customer_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(customer_spend_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- customer_typed_orders (vault_sales)
CAST((SUM(first_time_orders) + SUM(repeat_orders)) AS BIGINT)

-- customers_known (customer_ltv)
CAST(SUM(customers) AS BIGINT)

-- customers_with_prediction (customer_ltv)
CAST(SUM(customers_predicted) AS BIGINT)

-- daily_users (activity_daily)
CASE WHEN MIN(date_day) = MAX(date_day) THEN CAST(SUM(daily_users) AS BIGINT) END

-- dau (activity_daily)
CASE WHEN MIN(date_day) = MAX(date_day) THEN CAST(SUM(active_users) AS BIGINT) END

-- detail_net_sales (sales_detail)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(net_sales_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- detail_units_returned (sales_detail)
CAST(SUM(units_returned) AS BIGINT)

-- detail_units_sold (sales_detail)
CAST(SUM(units_sold) AS BIGINT)

-- direct_revenue (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(direct_revenue_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- discounts (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(discounts_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- disputes (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(disputes_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- duties (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(duties_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- embedding_cost (model_usage_daily)
CASE WHEN MIN(currency) = MAX(currency) AND COALESCE(SUM(messages_without_cost), 0) = 0 THEN CAST(SUM(embedding_cost_micros) AS DECIMAL(32, 0)) * 0.000001 END

-- embedding_tokens (model_usage_daily)
CAST(SUM(embedding_tokens) AS BIGINT)

-- event_count (events)
CAST(SUM(event_number) AS BIGINT)

-- events_per_user (activity_daily)
CASE WHEN MIN(date_day) = MAX(date_day) THEN CAST(SUM(events) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(active_users), 0) END

-- expansion_mrr (mrr_monthly)
CASE WHEN MIN(currency) = MAX(currency) AND MIN(date_month) = MAX(date_month) THEN CAST(SUM(expansion_mrr_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- feature_active_days (feature_daily)
CASE WHEN MIN(feature) = MAX(feature) THEN CAST(SUM(active_users) AS BIGINT) END

-- feature_adoption (feature_daily)
CASE WHEN MIN(feature) = MAX(feature) THEN CAST(SUM(feature_users) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(active_users), 0) END

-- feature_use_count (feature_daily)
CAST(SUM(feature_uses) AS BIGINT)

-- feature_user_days (feature_daily)
CASE WHEN MIN(feature) = MAX(feature) THEN CAST(SUM(feature_users) AS BIGINT) END

-- feature_uses (metrics_daily)
CAST(SUM(feature_uses) AS BIGINT)

-- fees (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(fees_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- first_time_orders (vault_sales)
CAST(SUM(first_time_orders) AS BIGINT)

-- fixed_expenses (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(fixed_expenses_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- funnel_count (funnel_daily)
CASE WHEN MIN(funnel) = MAX(funnel) AND MIN(step) = MAX(step) THEN CAST(SUM(step_count) AS BIGINT) END

-- funnel_previous_count (funnel_daily)
CASE WHEN MIN(funnel) = MAX(funnel) AND MIN(step) = MAX(step) THEN CAST(SUM(previous_count) AS BIGINT) END

-- funnel_step_rate (funnel_daily)
CASE WHEN MIN(funnel) = MAX(funnel) AND MIN(step) = MAX(step) THEN CAST(SUM(step_count) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(previous_count), 0) END

-- fx_mrr (mrr_monthly)
CASE WHEN MIN(currency) = MAX(currency) AND MIN(date_month) = MAX(date_month) THEN CAST(SUM(fx_mrr_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- gift_cards_sold (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(gift_cards_sold_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- gross_margin (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST((SUM(net_sales_minor) - SUM(cost_of_goods_minor)) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(net_sales_minor), 0) END

-- gross_profit (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST((SUM(net_sales_minor) - SUM(cost_of_goods_minor)) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- gross_sales (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(gross_sales_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- horizon_customers (ltv_horizons)
CASE WHEN MIN(horizon_days) = MAX(horizon_days) THEN CAST(SUM(customers) AS BIGINT) END

-- horizon_net_revenue (ltv_horizons)
CASE WHEN MIN(currency) = MAX(currency) AND MIN(horizon_days) = MAX(horizon_days) THEN CAST(SUM(net_revenue_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- hourly_messages (chat_messages)
CAST(SUM(messages) AS BIGINT)

-- impressions (metrics_daily)
CAST(SUM(impressions) AS BIGINT)

-- inactivity_churn_rate (customers_monthly)
CASE WHEN MIN(date_month) = MAX(date_month) THEN CAST(SUM(customers_lost) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(customers_opening), 0) END

-- input_cost (model_usage_daily)
CASE WHEN MIN(currency) = MAX(currency) AND COALESCE(SUM(messages_without_cost), 0) = 0 THEN CAST(SUM(input_cost_micros) AS DECIMAL(32, 0)) * 0.000001 END

-- input_tokens (model_usage_daily)
CAST(SUM(input_tokens) AS BIGINT)

-- ltv (cohorts)
CASE WHEN MIN(currency) = MAX(currency) AND MIN(month_number) = MAX(month_number) THEN CAST(SUM(cumulative_net_revenue_minor) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(customers) * MAX(minor_units), 0) END

-- ltv_average (customer_ltv)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(net_revenue_minor) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(customers) * MAX(minor_units), 0) END

-- ltv_observed (ltv_horizons)
CASE WHEN MIN(currency) = MAX(currency) AND MIN(horizon_days) = MAX(horizon_days) THEN CAST(SUM(net_revenue_minor) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(customers) * MAX(minor_units), 0) END

-- ltv_predicted (customer_ltv)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(predicted_ltv_minor) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(customers_predicted) * MAX(minor_units), 0) END

-- margin_after_ads (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(((SUM(net_sales_minor) - SUM(cost_of_goods_minor)) - SUM(ad_spend_minor)) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- mau (activity_daily)
CASE WHEN MIN(date_day) = MAX(date_day) THEN CAST(SUM(mau) AS BIGINT) END

-- messages_per_chat_session (assistant_daily)
CAST(SUM(messages) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(sessions), 0)

-- messages_without_cost (assistant_daily)
CAST(SUM(messages_without_cost) AS BIGINT)

-- messages_without_cost_today (assistant_now)
CAST(SUM(messages_without_cost_today) AS BIGINT)

-- model_cost (model_usage_daily)
CASE WHEN MIN(currency) = MAX(currency) AND COALESCE(SUM(messages_without_cost), 0) = 0 THEN CAST(SUM(cost_micros) AS DECIMAL(32, 0)) * 0.000001 END

-- model_cost_known (model_usage_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(cost_micros) AS DECIMAL(32, 0)) * 0.000001 END

-- model_messages (model_usage_daily)
CAST(SUM(messages) AS BIGINT)

-- model_messages_without_cost (model_usage_daily)
CAST(SUM(messages_without_cost) AS BIGINT)

-- monthly_ad_spend (finance_monthly)
CASE WHEN MIN(currency) = MAX(currency) AND MIN(date_month) = MAX(date_month) THEN CAST(SUM(ad_spend_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- monthly_contribution_margin (finance_monthly)
CASE WHEN MIN(currency) = MAX(currency) AND MIN(date_month) = MAX(date_month) THEN CAST(SUM(contribution_margin_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- monthly_cost_of_goods (finance_monthly)
CASE WHEN MIN(currency) = MAX(currency) AND MIN(date_month) = MAX(date_month) THEN CAST(SUM(cost_of_goods_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- monthly_fixed_expenses (finance_monthly)
CASE WHEN MIN(currency) = MAX(currency) AND MIN(date_month) = MAX(date_month) THEN CAST(SUM(fixed_expenses_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- monthly_income (finance_monthly)
CASE WHEN MIN(currency) = MAX(currency) AND MIN(date_month) = MAX(date_month) THEN CAST(SUM(income_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- monthly_operating_expenses (finance_monthly)
CASE WHEN MIN(currency) = MAX(currency) AND MIN(date_month) = MAX(date_month) THEN CAST(SUM(operating_expenses_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- monthly_processing_fees (finance_monthly)
CASE WHEN MIN(currency) = MAX(currency) AND MIN(date_month) = MAX(date_month) THEN CAST(SUM(processing_fees_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- monthly_result (finance_monthly)
CASE WHEN MIN(currency) = MAX(currency) AND MIN(date_month) = MAX(date_month) THEN CAST((SUM(contribution_margin_minor) - SUM(fixed_expenses_minor)) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- mrr (mrr_monthly)
CASE WHEN MIN(currency) = MAX(currency) AND MIN(date_month) = MAX(date_month) THEN CAST(SUM(closing_mrr_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- mrr_by_order_totals (mrr_monthly)
CASE WHEN MIN(currency) = MAX(currency) AND MIN(date_month) = MAX(date_month) THEN CAST(COALESCE(SUM(closing_mrr_minor) + SUM(subscription_order_totals_minor), SUM(subscription_order_totals_minor)) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- mrr_change (mrr_monthly)
CASE WHEN MIN(currency) = MAX(currency) AND MIN(date_month) = MAX(date_month) THEN CAST((SUM(closing_mrr_minor) - SUM(opening_mrr_minor)) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- mrr_growth_rate (mrr_monthly)
CASE WHEN MIN(currency) = MAX(currency) AND MIN(date_month) = MAX(date_month) THEN CAST((SUM(closing_mrr_minor) - SUM(opening_mrr_minor)) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(opening_mrr_minor), 0) END

-- mrr_lost (mrr_monthly)
CASE WHEN MIN(currency) = MAX(currency) AND MIN(date_month) = MAX(date_month) THEN CAST((SUM(churned_mrr_minor) + SUM(contraction_mrr_minor)) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- mrr_retained (mrr_monthly)
CASE WHEN MIN(currency) = MAX(currency) AND MIN(date_month) = MAX(date_month) THEN CAST((SUM(opening_mrr_minor) + SUM(expansion_mrr_minor) - SUM(contraction_mrr_minor) - SUM(churned_mrr_minor)) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- mrr_shop (mrr_monthly)
CASE WHEN MIN(currency) = MAX(currency) AND MIN(date_month) = MAX(date_month) THEN CAST(SUM(shop_mrr_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- mrr_target (mrr_monthly)
CASE WHEN MIN(currency) = MAX(currency) AND MIN(date_month) = MAX(date_month) THEN CAST(SUM(mrr_target_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- mrr_to_target (mrr_monthly)
CASE WHEN MIN(currency) = MAX(currency) AND MIN(date_month) = MAX(date_month) THEN CAST(SUM(closing_mrr_minor) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(mrr_target_minor), 0) END

-- mrr_total (mrr_monthly)
CASE WHEN MIN(currency) = MAX(currency) AND MIN(date_month) = MAX(date_month) THEN CAST(COALESCE(SUM(closing_mrr_minor) + SUM(shop_mrr_minor), SUM(shop_mrr_minor)) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- net_after_refunds (vault_sales)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST((SUM(revenue_minor) - SUM(refunded_minor)) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- net_burn (finance_monthly)
CASE WHEN MIN(currency) = MAX(currency) AND MIN(date_month) = MAX(date_month) THEN CAST(SUM(net_burn_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- net_revenue_retention (mrr_monthly)
CASE WHEN MIN(currency) = MAX(currency) AND MIN(date_month) = MAX(date_month) THEN CAST((SUM(opening_mrr_minor) + SUM(expansion_mrr_minor) - SUM(contraction_mrr_minor) - SUM(churned_mrr_minor)) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(opening_mrr_minor), 0) END

-- net_sales (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(net_sales_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- new_customers (metrics_daily)
CAST(SUM(new_customers) AS BIGINT)

-- new_mrr (mrr_monthly)
CASE WHEN MIN(currency) = MAX(currency) AND MIN(date_month) = MAX(date_month) THEN CAST(SUM(new_mrr_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- opening_mrr (mrr_monthly)
CASE WHEN MIN(currency) = MAX(currency) AND MIN(date_month) = MAX(date_month) THEN CAST(SUM(opening_mrr_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- operating_expenses (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(operating_expenses_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

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

-- output_cost (model_usage_daily)
CASE WHEN MIN(currency) = MAX(currency) AND COALESCE(SUM(messages_without_cost), 0) = 0 THEN CAST(SUM(output_cost_micros) AS DECIMAL(32, 0)) * 0.000001 END

-- output_tokens (model_usage_daily)
CAST(SUM(output_tokens) AS BIGINT)

-- payouts (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(payouts_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- platform_purchase_value (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(platform_purchase_value_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- platform_purchases (metrics_daily)
CAST(SUM(platform_purchases) AS BIGINT)

-- platform_roas (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(platform_purchase_value_minor) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(ad_spend_minor), 0) END

-- predicted_customer_value (customer_ltv)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(predicted_ltv_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- prediction_coverage (customer_ltv)
CAST(SUM(customers_predicted) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(customers), 0)

-- product_event_count (product_events)
CAST(SUM(product_events) AS BIGINT)

-- product_gross_sales (product_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(gross_sales_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- product_net_sales (product_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(net_sales_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- product_quantity (product_daily)
CAST(SUM(quantity_completed) AS BIGINT)

-- product_return_rate (product_daily)
CAST(SUM(units_returned) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(units_sold), 0)

-- product_returns (product_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(returns_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- product_revenue (product_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(product_revenue_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- product_units_returned (product_daily)
CAST(SUM(units_returned) AS BIGINT)

-- product_units_sold (product_daily)
CAST(SUM(units_sold) AS BIGINT)

-- rated_chat_sessions (assistant_daily)
CAST(SUM(rated_sessions) AS BIGINT)

-- reactivation_mrr (mrr_monthly)
CASE WHEN MIN(currency) = MAX(currency) AND MIN(date_month) = MAX(date_month) THEN CAST(SUM(reactivation_mrr_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- reasoning_cost (model_usage_daily)
CASE WHEN MIN(currency) = MAX(currency) AND COALESCE(SUM(messages_without_cost), 0) = 0 THEN CAST(SUM(reasoning_cost_micros) AS DECIMAL(32, 0)) * 0.000001 END

-- reasoning_tokens (model_usage_daily)
CAST(SUM(reasoning_tokens) AS BIGINT)

-- refund_rate (metrics_daily)
CAST(SUM(orders_paid_back) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(orders_placed), 0)

-- refund_rate_by_status (metrics_daily)
CAST((SUM(orders_refunded) + SUM(orders_partially_refunded)) AS DECIMAL(38, 4)) * EXP(0) / NULLIF((SUM(orders_completed) + SUM(orders_refunded) + SUM(orders_partially_refunded)), 0)

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

-- repeat_order_rate (vault_sales)
CAST(SUM(repeat_orders) AS DECIMAL(38, 4)) * EXP(0) / NULLIF((SUM(first_time_orders) + SUM(repeat_orders)), 0)

-- repeat_orders (vault_sales)
CAST(SUM(repeat_orders) AS BIGINT)

-- retention (cohorts)
CASE WHEN MIN(month_number) = MAX(month_number) THEN CAST(SUM(active_customers) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(customers), 0) END

-- returns (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(returns_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- revenue (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(COALESCE(SUM(order_revenue_minor) + SUM(direct_revenue_minor), SUM(order_revenue_minor), SUM(direct_revenue_minor)) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- revenue_all_orders (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(revenue_all_orders_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- revenue_churn_rate (mrr_monthly)
CASE WHEN MIN(currency) = MAX(currency) AND MIN(date_month) = MAX(date_month) THEN CAST((SUM(churned_mrr_minor) + SUM(contraction_mrr_minor)) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(opening_mrr_minor), 0) END

-- roas (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(net_sales_minor) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(ad_spend_minor), 0) END

-- roas_on_revenue (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(revenue_all_orders_minor) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(ad_spend_minor), 0) END

-- rule_net_sales (assisted_orders)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(net_sales_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- rule_orders (assisted_orders)
CAST(SUM(assisted_orders) AS BIGINT)

-- runway_months (finance_monthly)
CASE WHEN MIN(currency) = MAX(currency) AND MIN(date_month) = MAX(date_month) THEN CAST(SUM(cash_balance_minor) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(burning_minor), 0) END

-- sales_cost_assumed (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(sales_cost_assumed_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- sales_cost_missing (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(sales_cost_missing_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- sales_cost_recorded (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(sales_cost_recorded_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- session_assistant_messages (chat_sessions)
CAST(SUM(assistant_messages) AS BIGINT)

-- session_cost (chat_sessions)
CASE WHEN MIN(currency) = MAX(currency) AND COALESCE(SUM(messages_without_cost), 0) = 0 THEN CAST(SUM(cost_micros) AS DECIMAL(32, 0)) * 0.000001 END

-- session_messages (chat_sessions)
CAST(SUM(messages) AS BIGINT)

-- session_messages_without_cost (chat_sessions)
CAST(SUM(messages_without_cost) AS BIGINT)

-- session_orders (chat_sessions)
CAST(SUM(assisted_orders) AS BIGINT)

-- session_seconds (chat_sessions)
CAST(SUM(duration_seconds) AS BIGINT)

-- session_user_messages (chat_sessions)
CAST(SUM(user_messages) AS BIGINT)

-- sessions (metrics_daily)
CAST(SUM(sessions) AS BIGINT)

-- sessions_ordered (metrics_daily)
CAST(SUM(sessions_ordered) AS BIGINT)

-- sessions_per_user (activity_daily)
CASE WHEN MIN(date_day) = MAX(date_day) THEN CAST(SUM(sessions) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(active_users), 0) END

-- sessions_reached_checkout (metrics_daily)
CAST(SUM(sessions_reached_checkout) AS BIGINT)

-- sessions_with_cart (metrics_daily)
CAST(SUM(sessions_with_cart) AS BIGINT)

-- shipping (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(shipping_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- shop_subscribers (mrr_monthly)
CASE WHEN MIN(date_month) = MAX(date_month) THEN CAST(SUM(shop_subscribers) AS BIGINT) END

-- stickiness (activity_daily)
CASE WHEN MIN(date_day) = MAX(date_day) THEN CAST(SUM(active_users) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(mau), 0) END

-- subscribers (mrr_monthly)
CASE WHEN MIN(date_month) = MAX(date_month) THEN CAST(SUM(customers_closing) AS BIGINT) END

-- subscribers_churn_target (mrr_monthly)
CASE WHEN MIN(date_month) = MAX(date_month) THEN CAST(SUM(customers_churn_target) AS BIGINT) END

-- subscribers_churned (mrr_monthly)
CASE WHEN MIN(date_month) = MAX(date_month) THEN CAST(SUM(customers_churned) AS BIGINT) END

-- subscribers_new (mrr_monthly)
CASE WHEN MIN(date_month) = MAX(date_month) THEN CAST(SUM(customers_new) AS BIGINT) END

-- subscribers_opening (mrr_monthly)
CASE WHEN MIN(date_month) = MAX(date_month) THEN CAST(SUM(customers_opening) AS BIGINT) END

-- subscribers_reactivated (mrr_monthly)
CASE WHEN MIN(date_month) = MAX(date_month) THEN CAST(SUM(customers_reactivated) AS BIGINT) END

-- subscription_order_totals (mrr_monthly)
CASE WHEN MIN(currency) = MAX(currency) AND MIN(date_month) = MAX(date_month) THEN CAST(SUM(subscription_order_totals_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- taxes (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(taxes_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- timed_chat_sessions (assistant_daily)
CAST(SUM(sessions_with_duration) AS BIGINT)

-- tips (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(tips_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- total_sales (metrics_daily)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(total_sales_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- traffic_sessions (sessions_daily)
CAST(SUM(counted_sessions) AS BIGINT)

-- traffic_sessions_ordered (sessions_daily)
CAST(SUM(counted_sessions_ordered) AS BIGINT)

-- trailing_burn (finance_monthly)
CASE WHEN MIN(currency) = MAX(currency) AND MIN(date_month) = MAX(date_month) THEN CAST(SUM(trailing_burn_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- trend_net_sales (sales_trend)
CASE WHEN MIN(currency) = MAX(currency) AND MIN(period) = MAX(period) AND MIN(comparison) = MAX(comparison) THEN CAST(SUM(net_sales_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- trend_previous (sales_trend)
CASE WHEN MIN(currency) = MAX(currency) AND MIN(period) = MAX(period) AND MIN(comparison) = MAX(comparison) THEN CAST(SUM(previous_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- trend_so_far (sales_trend)
CASE WHEN MIN(currency) = MAX(currency) AND MIN(period) = MAX(period) AND MIN(comparison) = MAX(comparison) THEN CAST(SUM(so_far_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- units_sold (metrics_daily)
CAST(SUM(units_sold) AS BIGINT)

-- user_days (metrics_daily)
CAST(SUM(user_days) AS BIGINT)

-- user_messages (assistant_daily)
CAST(SUM(user_messages) AS BIGINT)

-- vault_aov (vault_sales)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(revenue_minor) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(orders) * MAX(minor_units), 0) END

-- vault_conversion_rate (vault_funnel)
CAST(SUM(conversions) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(visits), 0)

-- vault_conversions (vault_funnel)
CAST(SUM(conversions) AS BIGINT)

-- vault_costs (vault_profit)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(costs_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- vault_deliveries_known (vault_sales)
CAST(SUM(deliveries_known) AS BIGINT)

-- vault_deliveries_made (vault_sales)
CAST(SUM(deliveries_made) AS BIGINT)

-- vault_delivery_rate (vault_sales)
CAST(SUM(deliveries_made) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(deliveries_known), 0)

-- vault_funnel_count (vault_funnel)
CASE WHEN MIN(step) = MAX(step) THEN CAST(SUM(step_count) AS BIGINT) END

-- vault_funnel_previous_count (vault_funnel)
CASE WHEN MIN(step) = MAX(step) THEN CAST(SUM(previous_count) AS BIGINT) END

-- vault_funnel_step_rate (vault_funnel)
CASE WHEN MIN(step) = MAX(step) THEN CAST(SUM(step_count) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(previous_count), 0) END

-- vault_orders (vault_sales)
CAST(SUM(orders) AS BIGINT)

-- vault_orders_refunded (vault_sales)
CAST(SUM(orders_refunded) AS BIGINT)

-- vault_profit (vault_profit)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(profit_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- vault_refund_rate (vault_sales)
CAST(SUM(orders_refunded) AS DECIMAL(38, 4)) * EXP(0) / NULLIF(SUM(orders), 0)

-- vault_refunded_amount (vault_sales)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(refunded_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- vault_refunds (vault_sales)
CAST(SUM(refunds) AS BIGINT)

-- vault_refunds_without_day (vault_sales)
CAST(SUM(refunds_without_day) AS BIGINT)

-- vault_refunds_without_sale (vault_sales)
CAST(SUM(refunds_without_sale) AS BIGINT)

-- vault_revenue (vault_sales)
CASE WHEN MIN(currency) = MAX(currency) THEN CAST(SUM(revenue_minor) * CAST(1000 / MAX(minor_units) AS BIGINT) AS DECIMAL(34, 0)) * 0.001 END

-- vault_visits (vault_funnel)
CAST(SUM(visits) AS BIGINT)

-- visitors (metrics_daily)
CAST(SUM(visitors) AS BIGINT)

-- badge of refund_rate_by_status
CASE WHEN CAST((SUM(orders_refunded) + SUM(orders_partially_refunded)) AS DECIMAL(38, 4)) * EXP(0) / NULLIF((SUM(orders_completed) + SUM(orders_refunded) + SUM(orders_partially_refunded)), 0) <= 0.05 THEN 'green' WHEN CAST((SUM(orders_refunded) + SUM(orders_partially_refunded)) AS DECIMAL(38, 4)) * EXP(0) / NULLIF((SUM(orders_completed) + SUM(orders_refunded) + SUM(orders_partially_refunded)), 0) <= 0.1 THEN 'yellow' WHEN CAST((SUM(orders_refunded) + SUM(orders_partially_refunded)) AS DECIMAL(38, 4)) * EXP(0) / NULLIF((SUM(orders_completed) + SUM(orders_refunded) + SUM(orders_partially_refunded)), 0) > 0.1 THEN 'red' END
