{% set columns = [
    'message_id',
    'session_id',
    'created_at',
    'created_at_text',
    'updated_at',
    'role',
    'model',
    'input_tokens',
    'cached_tokens',
    'output_tokens',
    'reasoning_tokens',
    'embedding_model',
    'embedding_tokens',
    'latency_ms',
    'text',
    'text_length',
    'reported_cost_micros'
] %}

{{ newest_records('chat_messages', columns, key='message_id', version='updated_at') }}
