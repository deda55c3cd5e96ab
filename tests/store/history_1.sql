-- A history of schema 1 with two acknowledgements, as the last build before acts wrote it (sqlite3 .dump).
BEGIN TRANSACTION;
CREATE TABLE acknowledgements (
    id INTEGER NOT NULL, number INTEGER NOT NULL, name VARCHAR NOT NULL, reason TEXT NOT NULL,
    at FLOAT(53) NOT NULL, PRIMARY KEY (id));
INSERT INTO "acknowledgements" VALUES(1,7,'A. Smith','contractor "Acme" called\n',1100.0);
INSERT INTO "acknowledgements" VALUES(2,7,'Zoë Ünal','parts ordered',1200.0);
CREATE TABLE cases (
    number INTEGER NOT NULL, device VARCHAR NOT NULL, site VARCHAR NOT NULL, code VARCHAR NOT NULL,
    state VARCHAR NOT NULL, priority INTEGER NOT NULL, since FLOAT(53) NOT NULL, told FLOAT(53),
    closed FLOAT(53), body TEXT NOT NULL, PRIMARY KEY (number));
INSERT INTO "cases" VALUES(6,'C001','riverside','unreachable','fault',2,10.0,20.0,30.0,'{"ack":null,"affected":[],"cause":"","cause_number":null,"closed":30.0,"device":"C001","faults":[{"aspect":"reach","code":"unreachable","confirmed":1060.0,"device":"C001","flapping":false,"part":"","question":"reach","sentence":"no answer für 12 s","since":1000.0,"state":3}],"held":"","joined":0.0,"mains_back":null,"mains_lost":null,"number":6,"past":[],"priority":2,"revision":2,"since":10.0,"site":"riverside","told":20.0,"waits":1060.0}');
INSERT INTO "cases" VALUES(7,'C001','riverside','unreachable','fault',2,1000.0,1080.0,NULL,'{"ack":null,"affected":[],"cause":"","cause_number":null,"closed":null,"device":"C001","faults":[{"aspect":"reach","code":"unreachable","confirmed":1060.0,"device":"C001","flapping":false,"part":"","question":"reach","sentence":"no answer für 12 s","since":1000.0,"state":3}],"held":"","joined":0.0,"mains_back":null,"mains_lost":null,"number":7,"past":[],"priority":2,"revision":1,"since":1000.0,"site":"riverside","told":1080.0,"waits":1060.0}');
CREATE TABLE changes (
    id INTEGER NOT NULL, at FLOAT(53) NOT NULL, notice VARCHAR NOT NULL, number INTEGER,
    device VARCHAR NOT NULL, what VARCHAR NOT NULL, body TEXT NOT NULL, hash VARCHAR NOT NULL,
    PRIMARY KEY (id), UNIQUE (notice));
INSERT INTO "changes" VALUES(1,1080.0,'F000007-1',7,'C001','opened','{"ack":null,"affected":[],"cause":"","cause_number":null,"closed":null,"device":"C001","faults":[{"aspect":"reach","code":"unreachable","confirmed":1060.0,"device":"C001","flapping":false,"part":"","question":"reach","sentence":"no answer für 12 s","since":1000.0,"state":3}],"held":"","joined":0.0,"mains_back":null,"mains_lost":null,"number":7,"past":[],"priority":2,"revision":1,"since":1000.0,"site":"riverside","told":1080.0,"waits":1060.0}','b5f103aa620d4f135ae291c70732c49df293a3d4fc00dc9eaaf4ec3dceb6d019');
INSERT INTO "changes" VALUES(2,30.0,'F000006-2',6,'C001','closed','{"ack":null,"affected":[],"cause":"","cause_number":null,"closed":30.0,"device":"C001","faults":[{"aspect":"reach","code":"unreachable","confirmed":1060.0,"device":"C001","flapping":false,"part":"","question":"reach","sentence":"no answer für 12 s","since":1000.0,"state":3}],"held":"","joined":0.0,"mains_back":null,"mains_lost":null,"number":6,"past":[],"priority":2,"revision":2,"since":10.0,"site":"riverside","told":20.0,"waits":1060.0}','f96292a0bc261b9c063ad1e6cf43ed53bf2089fdf85379da7767b3b8e8244063');
CREATE TABLE faults (
    device VARCHAR NOT NULL, question VARCHAR NOT NULL, part VARCHAR NOT NULL, aspect VARCHAR NOT NULL,
    body TEXT NOT NULL, PRIMARY KEY (device, question, part, aspect));
INSERT INTO "faults" VALUES('C001','reach','','reach','{"aspect":"reach","code":"unreachable","confirmed":1060.0,"device":"C001","flapping":false,"part":"","question":"reach","sentence":"no answer für 12 s","since":1000.0,"state":3}');
CREATE TABLE meta (
    name VARCHAR NOT NULL, value TEXT NOT NULL, PRIMARY KEY (name));
INSERT INTO "meta" VALUES('version','1');
INSERT INTO "meta" VALUES('alive','1090.0');
CREATE TABLE outbox (
    id INTEGER NOT NULL, notice VARCHAR NOT NULL, target VARCHAR NOT NULL, sequence VARCHAR NOT NULL,
    number INTEGER, state VARCHAR NOT NULL, created FLOAT(53) NOT NULL, due FLOAT(53) NOT NULL,
    attempts INTEGER NOT NULL, ended FLOAT(53), error TEXT, body TEXT NOT NULL,
    PRIMARY KEY (id), CONSTRAINT outbox_once UNIQUE (notice, target));
INSERT INTO "outbox" VALUES(1,'F000007-1','duty','C001',7,'pending',1080.0,1080.0,0,NULL,NULL,'{"a":1}');
CREATE TABLE signoffs (
    id INTEGER NOT NULL, sweep INTEGER NOT NULL, name VARCHAR NOT NULL, at FLOAT(53) NOT NULL,
    addition INTEGER NOT NULL, note TEXT NOT NULL,
    PRIMARY KEY (id), CONSTRAINT signoff_once UNIQUE (sweep, name));
INSERT INTO "signoffs" VALUES(1,1,'A. Day',1251.0,0,'note');
CREATE TABLE stays (
    device VARCHAR NOT NULL, since FLOAT(53) NOT NULL, state VARCHAR NOT NULL, location VARCHAR NOT NULL,
    PRIMARY KEY (device, since));
INSERT INTO "stays" VALUES('D1',5.0,'in_store','depot');
CREATE TABLE sweeps (
    id INTEGER NOT NULL, at FLOAT(53) NOT NULL, body TEXT NOT NULL, PRIMARY KEY (id));
INSERT INTO "sweeps" VALUES(1,1250.0,'{}');
CREATE TABLE timeline (
    device VARCHAR NOT NULL, question VARCHAR NOT NULL, since FLOAT(53) NOT NULL, until FLOAT(53),
    state VARCHAR NOT NULL, PRIMARY KEY (device, question, since));
INSERT INTO "timeline" VALUES('C001','reach',1.0,1000.0,'ok');
CREATE INDEX cases_open ON cases (closed);
CREATE INDEX cases_device ON cases (device, since);
CREATE INDEX changes_device ON changes (device, at);
CREATE INDEX outbox_state ON outbox (state);
CREATE INDEX outbox_number ON outbox (number);
COMMIT;
