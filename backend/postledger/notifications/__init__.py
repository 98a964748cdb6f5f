"""What people are told, by mail or webhook: requests that wait, reminders, failures; and the links in mails."""
