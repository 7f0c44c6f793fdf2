#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes quality_fields.tsv and quality_concepts.tsv from the threshold files of OHDSI's Data Quality Dashboard.

    ./dqd_tables.py FOLDER     with OMOP_CDMv5.4_{Table,Field,Concept}_Level.csv

The files are https://github.com/OHDSI/DataQualityDashboard, inst/csv (Apache-2.0); which check applies to which field, what
it compares with and from which share of rows on it fails is theirs. Fields of vocabulary tables, of cohorts and of results
are left out: a site does not make them. Two of its checks of a field's order in time say the same as a third
(start_before_end, after_birth) and are left out; a start before birth or in the future fails at the first row, where theirs
fail at one in a hundred; completeness is kept where a field may be empty: where it may not,
`required` says so.
"""
import csv
import pathlib
import sys

HERE = pathlib.Path(__file__).parent
LEFT_OUT = {"COHORT", "COHORT_DEFINITION"}


def read(folder, level):
    with open(folder / f"OMOP_CDMv5.4_{level}_Level.csv", encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def of_field(row):
    """(kind, argument, threshold) of a field's checks."""
    date = row["cdmDatatype"].lower() in ("date", "datetime")
    if row["isRequired"] == "Yes":
        yield "required", "", row["isRequiredThreshold"]
    else:
        yield "completeness", "", row["measureValueCompletenessThreshold"]
    if row["isPrimaryKey"] == "Yes":
        yield "primary_key", "", row["isPrimaryKeyThreshold"]
    if row["isForeignKey"] == "Yes":
        yield "foreign_key", f'{row["fkTableName"]}.{row["fkFieldName"]}'.lower(), row["isForeignKeyThreshold"]
    if row["fkDomain"]:
        yield "domain", row["fkDomain"], row["fkDomainThreshold"]
    if row["fkClass"]:
        yield "concept_class", row["fkClass"], row["fkClassThreshold"]
    if row["isStandardValidConcept"] == "Yes":
        yield "standard_concept", "", row["isStandardValidConceptThreshold"]
    if row["standardConceptRecordCompleteness"] == "Yes":
        yield "unmapped", "", row["standardConceptRecordCompletenessThreshold"]
    if row["sourceConceptRecordCompleteness"] == "Yes":
        yield "unmapped_source", "", row["sourceConceptRecordCompletenessThreshold"]
    if row["sourceValueCompleteness"] == "Yes":
        yield "unmapped_code", row["standardConceptFieldName"].lower(), row["sourceValueCompletenessThreshold"]
    if row["plausibleValueLow"]:
        low = row["plausibleValueLow"].strip("'")
        if date:
            yield "date_early", f"{low[:4]}-{low[4:6]}-{low[6:]}", row["plausibleValueLowThreshold"]
        else:
            yield "low", low, row["plausibleValueLowThreshold"]
    if row["plausibleValueHigh"]:
        if date:
            # An end may be planned; nothing began in the future, not even one row in a hundred.
            planned = "_end_" in row["cdmFieldName"].lower()
            yield "date_future", "", row["plausibleValueHighThreshold"] if planned else "0"
        elif row["plausibleValueHigh"].isdigit():
            yield "high", row["plausibleValueHigh"], row["plausibleValueHighThreshold"]
    if row["plausibleStartBeforeEnd"] == "Yes":
        end = row["plausibleStartBeforeEndFieldName"].lower()
        if end == row["cdmFieldName"].lower():
            end = "cdm_release_date"  # theirs compares the source's release with itself
        yield "start_before_end", end, row["plausibleStartBeforeEndThreshold"]
    if row["plausibleAfterBirth"] == "Yes":
        yield "after_birth", "", "0"  # theirs is 1: what is impossible is not counted down
    if row["plausibleBeforeDeath"] == "Yes":
        yield "before_death", "", row["plausibleBeforeDeathThreshold"]
    if row["withinVisitDates"] == "Yes":
        yield "within_visit", "", row["withinVisitDatesThreshold"]


def write(name, head, lines):
    text = "# SPDX-License-Identifier: Apache-2.0\n# Written by dqd_tables.py from OHDSI's DataQualityDashboard, OMOP CDM 5.4 (Apache-2.0).\n"
    (HERE / name).write_text(text + f"# {head}\n" + "".join("\t".join(line) + "\n" for line in lines), encoding="utf-8")


def main():
    folder = pathlib.Path(sys.argv[1])
    vocabulary = {row["cdmTableName"] for row in read(folder, "Table") if row["schema"] == "VOCAB"}
    fields = []
    for row in read(folder, "Table"):
        table = row["cdmTableName"]
        if table in LEFT_OUT or table in vocabulary:
            continue
        if row["measurePersonCompleteness"] == "Yes":
            fields.append(("person_completeness", table.lower(), "", "", row["measurePersonCompletenessThreshold"]))
    for row in read(folder, "Field"):
        if row["cdmTableName"] in LEFT_OUT or row["cdmTableName"] in vocabulary:
            continue
        for kind, argument, threshold in of_field(row):
            # Its file says nothing of one threshold: as for its neighbours.
            fields.append((kind, row["cdmTableName"].lower(), row["cdmFieldName"].lower(), argument, threshold or "100"))
    write("quality_fields.tsv", "check\ttable\tfield\targument\tthreshold in percent", fields)

    concepts = []
    for row in read(folder, "Concept"):
        table, field = row["cdmTableName"].lower(), row["cdmFieldName"].lower()
        ids = row["conceptId"].replace(" ", "")
        name = " ".join(row["conceptName"].split())
        if row["plausibleGender"]:
            concepts.append(("sex", table, field, ids, row["plausibleGender"].lower(), row["plausibleGenderThreshold"] or "5", name))
        if row["plausibleGenderUseDescendants"]:
            concepts.append(("sex_below", table, field, ids, row["plausibleGenderUseDescendants"].lower(),
                             row["plausibleGenderUseDescendantsThreshold"], name))
        if row["plausibleUnitConceptIds"]:
            concepts.append(("unit", table, field, ids, row["plausibleUnitConceptIds"].replace(" ", ""),
                             row["plausibleUnitConceptIdsThreshold"], name))
        if row["plausibleValueLow"]:
            concepts.append(("low", table, field, ids, f'{row["plausibleValueLow"]}@{row["unitConceptId"]}',
                             row["plausibleValueLowThreshold"], name))
        if row["plausibleValueHigh"]:
            concepts.append(("high", table, field, ids, f'{row["plausibleValueHigh"]}@{row["unitConceptId"]}',
                             row["plausibleValueHighThreshold"], name))
    write("quality_concepts.tsv", "check\ttable\tfield\tconcepts\targument\tthreshold in percent\tname", concepts)


main()
