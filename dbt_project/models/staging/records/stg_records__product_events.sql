{% set columns = [
    'event_id',
    'occurred_at',
    'occurred_at_text',
    'event_type',
    'product_id',
    'product_name',
    'session_id',
    'message_id',
    'customer_id',
    'visitor_id',
    'visit_id',
    'position'
] %}

{{ newest_records('product_events', columns, key='event_id') }}
