-- The tables of a history as the builds with SQLAlchemy made them (schema 1).
CREATE TABLE meta (
    name VARCHAR NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (name)
);
CREATE TABLE faults (
    device VARCHAR NOT NULL,
    question VARCHAR NOT NULL,
    part VARCHAR NOT NULL,
    aspect VARCHAR NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (device, question, part, aspect)
);
CREATE TABLE cases (
    number INTEGER NOT NULL,
    device VARCHAR NOT NULL,
    site VARCHAR NOT NULL,
    code VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    priority INTEGER NOT NULL,
    since FLOAT NOT NULL,
    told FLOAT,
    closed FLOAT,
    body TEXT NOT NULL,
    PRIMARY KEY (number)
);
CREATE INDEX cases_device ON cases (device, since);
CREATE INDEX cases_open ON cases (closed);
CREATE TABLE changes (
    id INTEGER NOT NULL,
    at FLOAT NOT NULL,
    notice VARCHAR NOT NULL,
    number INTEGER,
    device VARCHAR NOT NULL,
    what VARCHAR NOT NULL,
    body TEXT NOT NULL,
    hash VARCHAR NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (notice)
);
CREATE INDEX changes_device ON changes (device, at);
CREATE TABLE outbox (
    id INTEGER NOT NULL,
    notice VARCHAR NOT NULL,
    target VARCHAR NOT NULL,
    sequence VARCHAR NOT NULL,
    number INTEGER,
    state VARCHAR NOT NULL,
    created FLOAT NOT NULL,
    due FLOAT NOT NULL,
    attempts INTEGER NOT NULL,
    ended FLOAT,
    error TEXT,
    body TEXT NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT outbox_once UNIQUE (notice, target)
);
CREATE INDEX outbox_number ON outbox (number);
CREATE INDEX outbox_state ON outbox (state);
CREATE TABLE timeline (
    device VARCHAR NOT NULL,
    question VARCHAR NOT NULL,
    since FLOAT NOT NULL,
    until FLOAT,
    state VARCHAR NOT NULL,
    PRIMARY KEY (device, question, since)
);
CREATE TABLE stays (
    device VARCHAR NOT NULL,
    since FLOAT NOT NULL,
    state VARCHAR NOT NULL,
    location VARCHAR NOT NULL,
    PRIMARY KEY (device, since)
);
CREATE TABLE acknowledgements (
    id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    name VARCHAR NOT NULL,
    reason TEXT NOT NULL,
    at FLOAT NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE sweeps (
    id INTEGER NOT NULL,
    at FLOAT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE signoffs (
    id INTEGER NOT NULL,
    sweep INTEGER NOT NULL,
    name VARCHAR NOT NULL,
    at FLOAT NOT NULL,
    addition INTEGER NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT signoff_once UNIQUE (sweep, name)
);
