PRAGMA application_id = 1413567307;
PRAGMA user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE request (
        owner TEXT NOT NULL,
        key TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        created INTEGER NOT NULL,
        answer TEXT NOT NULL,
        PRIMARY KEY (owner, key)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "request" VALUES('=jo','first-import','bb0042b36de39c6415a78cf9460345546f9084efebc6567a321990763d0799ff',1796036833497760759,'[1,"import-geopackage","Importing GeoPackage database file.","roads","normal",null]');
INSERT INTO "request" VALUES('=jo','waiting-import','321687d9b769e54be183dae786f352310c18ade027af7b365c6f5975dbc5451f',1796036834202399281,'[10,"import-geopackage","Importing GeoPackage database file.","roads","normal",null]');
CREATE TABLE state (last_id INTEGER NOT NULL) STRICT;
INSERT INTO "state" VALUES(0);
CREATE TABLE task (
        id INTEGER PRIMARY KEY,
        status TEXT NOT NULL,
        kind TEXT NOT NULL,
        description TEXT NOT NULL,
        subject TEXT,
        priority TEXT NOT NULL,
        transaction_id TEXT,
        owner TEXT,
        created INTEGER NOT NULL,
        started INTEGER,
        finished INTEGER,
        attempt INTEGER NOT NULL,
        interruptions INTEGER NOT NULL,
        cancel_requested INTEGER NOT NULL,
        is_sealed INTEGER NOT NULL,
        job TEXT,
        lanes TEXT,
        files TEXT,
        intent TEXT,
        download TEXT,
        error TEXT,
        result TEXT
    ) STRICT;
INSERT INTO "task" VALUES(1,'FINISHED','import-geopackage','Importing GeoPackage database file.','roads','normal',NULL,'jo',1796036833497760759,1796036833498097887,1796036833669526809,1,0,0,0,NULL,NULL,NULL,NULL,NULL,NULL,'[["commit",{"Element":[["id",{"Text":"bbaeffc6cfaabe008be68e527fc20413742d76ef"}],["tree",{"Text":"7e4b9806bfdc716ad42eeec5f1228d496a266513"}],["parents",{"Element":[["id",{"List":[]}]]}],["author",{"Element":[["name",{"Text":"Longhaul"}],["email",{"Text":"longhaul@localhost"}],["timestamp",{"Integer":1796036833000}],["timeZoneOffset",{"Integer":0}]]}],["committer",{"Element":[["name",{"Text":"Longhaul"}],["email",{"Text":"longhaul@localhost"}],["timestamp",{"Integer":1796036833000}],["timeZoneOffset",{"Integer":0}]]}],["message",{"LongText":"Import from roads.gpkg:points to points/"}]]}]]');
INSERT INTO "task" VALUES(2,'FAILED','import-geopackage','Importing GeoPackage database file.','roads','normal',NULL,'ann',1796036833685465573,1796036833685736117,1796036833706914507,1,0,0,0,NULL,NULL,NULL,NULL,NULL,'{"message":"Nothing to commit after bbaeffc6cfaabe008be68e527fc20413742d76ef","causes":[]}',NULL);
INSERT INTO "task" VALUES(3,'CANCELLED','download-osm','osm download filter: null, bbox: 1,2,3,4','roads','normal',NULL,'jo',1796036833734821935,1796036833735042116,1796036833740479529,1,0,1,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "task" VALUES(4,'FINISHED','import-geopackage','Importing GeoPackage database file.','published','normal',NULL,'jo',1796036833767937311,1796036833767961085,1796036833932505266,1,0,0,0,NULL,NULL,NULL,NULL,NULL,NULL,'[["commit",{"Element":[["id",{"Text":"164077c3b67044e3833051d402b6c4cf2294e607"}],["tree",{"Text":"7e4b9806bfdc716ad42eeec5f1228d496a266513"}],["parents",{"Element":[["id",{"List":[]}]]}],["author",{"Element":[["name",{"Text":"Longhaul"}],["email",{"Text":"longhaul@localhost"}],["timestamp",{"Integer":1796036833000}],["timeZoneOffset",{"Integer":0}]]}],["committer",{"Element":[["name",{"Text":"Longhaul"}],["email",{"Text":"longhaul@localhost"}],["timestamp",{"Integer":1796036833000}],["timeZoneOffset",{"Integer":0}]]}],["message",{"LongText":"Import from points.gpkg:points to points/"}]]}]]');
INSERT INTO "task" VALUES(5,'FINISHED','import-geopackage','Importing GeoPackage database file.','unpublished','normal',NULL,'jo',1796036833955192677,1796036833955423036,1796036834013538433,1,0,0,0,NULL,NULL,NULL,NULL,NULL,NULL,'[["commit",{"Element":[["id",{"Text":"164077c3b67044e3833051d402b6c4cf2294e607"}],["tree",{"Text":"7e4b9806bfdc716ad42eeec5f1228d496a266513"}],["parents",{"Element":[["id",{"List":[]}]]}],["author",{"Element":[["name",{"Text":"Longhaul"}],["email",{"Text":"longhaul@localhost"}],["timestamp",{"Integer":1796036833000}],["timeZoneOffset",{"Integer":0}]]}],["committer",{"Element":[["name",{"Text":"Longhaul"}],["email",{"Text":"longhaul@localhost"}],["timestamp",{"Integer":1796036833000}],["timeZoneOffset",{"Integer":0}]]}],["message",{"LongText":"Import from points.gpkg:points to points/"}]]}]]');
INSERT INTO "task" VALUES(6,'RUNNING','download-osm','osm download filter: null, bbox: 1,2,3,4','roads','normal',NULL,'jo',1796036834118171892,1796036834188938525,NULL,1,0,0,0,'{"repository":"ce7f46cb-d918-42d4-bd48-c4c4cf23fe72","branch":null,"message":null,"author":null,"wanted":{"Filter":"(node(1,2,3,4);\nway(1,2,3,4););\n(._;>;);\nout meta;"},"mapping":null,"asked":{"filter":null,"bbox":"1,2,3,4","mapping":null,"update":null,"rebase":null}}','["overpass"]',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "task" VALUES(7,'WAITING','download-osm','osm download filter: null, bbox: 5,6,7,8','roads','normal',NULL,'jo',1796036834134885510,NULL,NULL,0,0,0,0,'{"repository":"ce7f46cb-d918-42d4-bd48-c4c4cf23fe72","branch":null,"message":null,"author":null,"wanted":{"Filter":"(node(5,6,7,8);\nway(5,6,7,8););\n(._;>;);\nout meta;"},"mapping":null,"asked":{"filter":null,"bbox":"5,6,7,8","mapping":null,"update":null,"rebase":null}}','["overpass"]',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "task" VALUES(8,'RUNNING','import-geopackage','Importing GeoPackage database file.','published','normal',NULL,'jo',1796036834140604798,1796036834189729429,NULL,1,0,0,1,'{"repository":"bd93f1f3-2968-42e2-9569-7419a8a39e93","branch":null,"upload":"DATA_FOLDER/uploads/bc0e0a70-1681-4947-a177-0f1e9214da49","file_name":"points.gpkg","layer":null,"dest":null,"add":false,"fid_attribute":null,"message":null,"author":null}','["repository bd93f1f3-2968-42e2-9569-7419a8a39e93"]','["DATA_FOLDER/uploads/bc0e0a70-1681-4947-a177-0f1e9214da49"]','{"repository":"bd93f1f3-2968-42e2-9569-7419a8a39e93","branch":"master","old":"164077c3b67044e3833051d402b6c4cf2294e607","new":"9c2c1a0638b173983fd6c83b014eaefc395443a0"}',NULL,NULL,'[["commit",{"Element":[["id",{"Text":"9c2c1a0638b173983fd6c83b014eaefc395443a0"}],["tree",{"Text":"b95f04995dffd1c20401cfeec050468344d560c7"}],["parents",{"Element":[["id",{"List":[{"Text":"164077c3b67044e3833051d402b6c4cf2294e607"}]}]]}],["author",{"Element":[["name",{"Text":"Longhaul"}],["email",{"Text":"longhaul@localhost"}],["timestamp",{"Integer":1796036834000}],["timeZoneOffset",{"Integer":0}]]}],["committer",{"Element":[["name",{"Text":"Longhaul"}],["email",{"Text":"longhaul@localhost"}],["timestamp",{"Integer":1796036834000}],["timeZoneOffset",{"Integer":0}]]}],["message",{"LongText":"Import from points.gpkg:points to points/"}]]}]]');
INSERT INTO "task" VALUES(9,'RUNNING','import-geopackage','Importing GeoPackage database file.','unpublished','normal',NULL,'jo',1796036834147140018,1796036834190307696,NULL,1,0,0,1,'{"repository":"527ff707-324d-4d58-aaf0-35f8bc43678d","branch":null,"upload":"DATA_FOLDER/uploads/e72e7b9e-6081-46a7-995a-2506d9ab6a29","file_name":"points.gpkg","layer":null,"dest":null,"add":false,"fid_attribute":null,"message":null,"author":null}','["repository 527ff707-324d-4d58-aaf0-35f8bc43678d"]','["DATA_FOLDER/uploads/e72e7b9e-6081-46a7-995a-2506d9ab6a29"]','{"repository":"527ff707-324d-4d58-aaf0-35f8bc43678d","branch":"master","old":"164077c3b67044e3833051d402b6c4cf2294e607","new":"9c2c1a0638b173983fd6c83b014eaefc395443a0"}',NULL,NULL,'[["commit",{"Element":[["id",{"Text":"9c2c1a0638b173983fd6c83b014eaefc395443a0"}],["tree",{"Text":"b95f04995dffd1c20401cfeec050468344d560c7"}],["parents",{"Element":[["id",{"List":[{"Text":"164077c3b67044e3833051d402b6c4cf2294e607"}]}]]}],["author",{"Element":[["name",{"Text":"Longhaul"}],["email",{"Text":"longhaul@localhost"}],["timestamp",{"Integer":1796036834000}],["timeZoneOffset",{"Integer":0}]]}],["committer",{"Element":[["name",{"Text":"Longhaul"}],["email",{"Text":"longhaul@localhost"}],["timestamp",{"Integer":1796036834000}],["timeZoneOffset",{"Integer":0}]]}],["message",{"LongText":"Import from points.gpkg:points to points/"}]]}]]');
INSERT INTO "task" VALUES(10,'WAITING','import-geopackage','Importing GeoPackage database file.','roads','normal',NULL,'jo',1796036834202399281,NULL,NULL,0,0,0,0,'{"repository":"ce7f46cb-d918-42d4-bd48-c4c4cf23fe72","branch":null,"upload":"DATA_FOLDER/uploads/acab8a49-4ed4-4e2b-adc8-8de4a2bf5a3b","file_name":"more.gpkg","layer":null,"dest":"more","add":false,"fid_attribute":null,"message":"Waited","author":null}','["repository ce7f46cb-d918-42d4-bd48-c4c4cf23fe72"]','["DATA_FOLDER/uploads/acab8a49-4ed4-4e2b-adc8-8de4a2bf5a3b"]',NULL,NULL,NULL,NULL);
INSERT INTO "task" VALUES(11,'WAITING','import-osm','osm import one.osm, repository: http://127.0.0.1:46111/repos/roads','roads','normal',NULL,'jo',1796036834217120766,NULL,NULL,0,0,0,0,'{"repository":"ce7f46cb-d918-42d4-bd48-c4c4cf23fe72","branch":null,"message":null,"author":null,"file":{"Uploaded":"DATA_FOLDER/uploads/dccedc93-981c-4207-88df-bf98663a7908"},"file_name":"one.osm","uri":"one.osm","repository_uri":"http://127.0.0.1:46111/repos/roads","add":false,"no_raw":false,"mapping":null}','["repository ce7f46cb-d918-42d4-bd48-c4c4cf23fe72"]','["DATA_FOLDER/uploads/dccedc93-981c-4207-88df-bf98663a7908"]',NULL,NULL,NULL,NULL);
INSERT INTO "task" VALUES(12,'RUNNING','import-geopackage','Importing GeoPackage database file.','roads','normal',NULL,'jo',1796036834229911133,1796036834230911133,NULL,1,0,1,0,'{"repository":"ce7f46cb-d918-42d4-bd48-c4c4cf23fe72","branch":null,"upload":"DATA_FOLDER/uploads/96ae3bcb-383f-46ff-aa5f-4615b0b1f71b","file_name":"cancelled.gpkg","layer":null,"dest":"cancelled","add":false,"fid_attribute":null,"message":null,"author":null}','["repository ce7f46cb-d918-42d4-bd48-c4c4cf23fe72"]','["DATA_FOLDER/uploads/96ae3bcb-383f-46ff-aa5f-4615b0b1f71b"]',NULL,NULL,NULL,NULL);
INSERT INTO "task" VALUES(13,'WAITING','delete-repository','Deleting a repository.',NULL,'normal',NULL,NULL,1796036834259306656,NULL,NULL,0,0,0,0,'{"repository":"bd93f1f3-2968-42e2-9569-7419a8a39e93"}','["repository bd93f1f3-2968-42e2-9569-7419a8a39e93"]',NULL,NULL,NULL,NULL,NULL);
CREATE INDEX request_created ON request (created);
COMMIT;
