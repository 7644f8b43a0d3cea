{% set columns = [
    'session_id',
    'started_at',
    'started_at_text',
    'ended_at',
    'updated_at',
    'customer_id',
    'visitor_id',
    'visit_id',
    'variant',
    'language',
    'satisfaction',
    'reported_cost_micros'
] %}

{{ newest_records('chat_sessions', columns, key='session_id', version='updated_at') }}
