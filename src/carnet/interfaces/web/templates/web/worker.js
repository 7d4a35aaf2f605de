const KEEPS = {{ keeps|safe }};
importScripts("{{ script }}?{{ version }}");
