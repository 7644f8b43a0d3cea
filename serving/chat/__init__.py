"""Reports by a command in Discord or Slack: who may ask, what is answered, how the commands are registered.

    signed request ──▶ signatures ──▶ guild or team: tenant ──▶ words: question ──▶ Content + link ──▶ embed or blocks

Only the person who asked sees an answer. One that takes longer than PATIENCE comes after a note that it is being made
(docs/decisions/0037-chat-answers-are-ephemeral.md).
"""
