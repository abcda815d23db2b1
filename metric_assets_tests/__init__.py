"""Tests: unit, conventions, integration and end_to_end; each folder says its floor in its marker."""
