-- Makes every running worker read the policy again.
UPDATE policy_version SET version = version + 1 RETURNING version
