"""The words that every subject uses: receipt, refusal, statuses, request, conversion event, click."""
