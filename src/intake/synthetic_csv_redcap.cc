// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/check.h"
#include "intake/synthetic_csv_writer.h"

namespace clinnova::intake::synthetic {
namespace {

constexpr Words kWords{.consent = {"1", "2", "3"},
                       .reason = {"1", "2", "3"},
                       .stopped = {"1", "0"},
                       .date_mark = '-',
                       .decimal_mark = ',',
                       .below = "<",
                       .thousands = "",
                       .procedures = {"0DJD8ZZ", "B030ZZZ"},  // ICD-10-PCS
                       .procedure_names = {"Coloscopie", "IRM cérébrale"},
                       .other_mark = kEitherMark};

constexpr std::string_view kNotDone = "-9";  // the project's code for missing data

// A field of the project: its line of the data dictionary.
struct Field {
  std::string name, form, type, label, choices, validation;
  bool exported = true;
};

// REDCap names an export after the project, the day and the time.
std::string FileName(const SyntheticDisease& disease, std::string_view what) {
  return "Clinnova_" + std::string(disease.project) + "_" + std::string(what);
}

// "M3" is month_3_arm_1, "W14" week_14_arm_1.
std::string EventOf(std::string_view label) {
  const std::string number(label.substr(1));
  return (label[0] == 'M' ? "month_" : "week_") + number + "_arm_1";
}

class RedcapWriter : public CsvWriter {
 public:
  explicit RedcapWriter(const WriterOptions& options)
      : CsvWriter(options, kWords, &SyntheticItem::lu) {
    DeclareFields();
    Row header = {"record_id", "redcap_event_name", "redcap_repeat_instrument",
                  "redcap_repeat_instance"};
    for (const Field& field : fields_) {
      if (field.exported && field.name != "record_id") header.push_back(field.name);
    }
    columns_ = header;
    data_name_ = FileName(disease_, "DATA_2025-06-30_0800.csv");
    dictionary_name_ = FileName(disease_, "DataDictionary_2025-06-30.csv");
    data_ = &Make({data_name_, ',', Encoding::kUtf8, "\n", ""}, header);
    CutOff(*data_);
    WriteDictionary();
  }

 private:
  void DeclareFields() {
    fields_ = {{"record_id", "demographics", "text", "Record ID", "", ""},
               {"sex", "demographics", "radio", "Sexe", "1, Féminin | 2, Masculin", ""},
               {"birth_date", "demographics", "text", "Date de naissance", "", "date_dmy"},
               {"birth_year", "demographics", "text", "Année de naissance", "", "integer", false},
               {"consent_research", "demographics", "dropdown", "Consentement",
                "1, donné | 2, refusé | 3, retiré", ""},
               {"consent_date", "demographics", "text", "Date du consentement", "", "date_dmy"},
               {"consent_end", "demographics", "text", "Date du retrait", "", "date_dmy"},
               {"icd10cm", "diagnoses", "text", "Diagnostic (ICD-10-CM)", "", ""},
               {"diagnosis_date", "diagnoses", "text", "Date du diagnostic", "", "date_dmy"},
               {"atc", "treatments", "text", "Traitement (ATC)", "", ""},
               {"start_date", "treatments", "text", "Début", "", "date_dmy"},
               {"stop_date", "treatments", "text", "Fin", "", "date_dmy"},
               {"ongoing", "treatments", "yesno", "En cours ?", "", ""},
               {"stop_reason", "treatments", "radio", "Raison de l'arrêt",
                "1, inefficacité | 2, effet indésirable | 3, autre", ""}};
    if (disease_.procedures) {
      fields_.push_back({"icd10pcs", "procedures", "dropdown", "Acte (ICD-10-PCS)",
                         "0DJD8ZZ, Coloscopie | B030ZZZ, IRM cérébrale", ""});
      fields_.push_back({"procedure_date", "procedures", "text", "Date", "", "date_dmy"});
    }
    if (disease_.relapses) {
      fields_.push_back({"onset_date", "relapses", "text", "Début de la poussée", "", "date_dmy"});
      fields_.push_back(
          {"grade", "relapses", "radio", "Gravité", "1, légère | 2, modérée | 3, sévère", ""});
    }
    fields_.push_back({"visit_date", "visit", "text", "Date de la visite", "", "date_dmy"});
    for (const SyntheticItem& item : disease_.items()) AddItem(item);
    fields_.push_back({"comorbidity", "visit", "checkbox", "Comorbidités",
                       "1, Hypertension | 2, Diabète | 3, BPCO", "", false});
  }

  void AddItem(const SyntheticItem& item) {
    std::string choices;
    for (const SyntheticAnswer& answer : item.answers) {
      choices += (choices.empty() ? "" : " | ") + std::string(answer.lu) + ", " +
                 std::string(answer.display);
    }
    // A laboratory's result may be "<0,6" or "n.n.", so that its field is not validated as a number.
    const bool number = item.kind == ItemKind::kAssessment && item.decimals > 0;
    const std::string label(item.fr.label.empty() ? item.de.label : item.fr.label);
    const std::string_view validation = item.kind == ItemKind::kLaboratory || !choices.empty() ? ""
                                        : number ? "number_comma_decimal"
                                                 : "integer";
    fields_.push_back({std::string(item.lu.code), "visit", choices.empty() ? "text" : "radio",
                       label, choices, std::string(validation)});
  }

  void WriteDictionary() {
    Table& table = Make({dictionary_name_, ',', Encoding::kUtf8, "\n", ""},
                        {"Variable / Field Name", "Form Name", "Section Header", "Field Type",
                         "Field Label", "Choices, Calculations, OR Slider Labels", "Field Note",
                         "Text Validation Type OR Show Slider Number", "Text Validation Min",
                         "Text Validation Max", "Identifier?"});
    for (const Field& field : fields_) {
      table.Add({field.name, field.form, "", field.type, field.label, field.choices, "",
                 field.validation, "", "", ""});
    }
  }

  /// A row of the export with these fields; `instrument` empty: of the event itself.
  using Cells = std::vector<std::pair<std::string_view, std::string>>;
  Row RowOf(const std::string& event, std::string_view instrument, int instance,
            const Cells& cells) const {
    Row row(columns_.size());
    row[0] = id_;
    row[1] = event;
    row[2] = instrument;
    row[3] = instance == 0 ? "" : std::to_string(instance);
    for (const auto& [name, text] : cells) {
      const auto at = std::ranges::find(columns_, name);
      CLINNOVA_CHECK(at != columns_.end());
      row[static_cast<std::size_t>(at - columns_.begin())] = text;
    }
    return row;
  }
  void AddRepeat(std::string_view instrument, int instance, const Cells& cells) {
    data_->Add(RowOf(first_event_, instrument, instance, cells));
  }

  // Who it is stands in the row of the first event.
  void WritePerson() override { first_event_ = EventOf(patient_->visits.front().label); }

  void WriteVisit(const SyntheticVisit& visit) override {
    Cells cells = {{"visit_date", VisitDate(visit)}};
    for (const SyntheticItem& item : disease_.items()) {
      const bool not_done = visit.Find(item.key) == nullptr && !item.lu.missing.empty();
      cells.emplace_back(item.lu.code, not_done ? std::string(kNotDone) : FieldOf(visit, item));
    }
    if (!visit.first) {
      data_->Add(RowOf(EventOf(visit.label), "", 0, cells));
    } else {
      cells.insert(cells.end(), {{"sex", patient_->female ? "1" : "2"},
                                 {"birth_date", Date(patient_->birth)},
                                 {"consent_research", Consent()},
                                 {"consent_date", Date(patient_->index)},
                                 {"consent_end", Withdrawal()}});
      AddPerson(*data_, RowOf(first_event_, "", 0, cells));
    }
    for (const SyntheticResult& result : visit.results) NoteResult(visit, *result.item, *data_);
    NoteVisit(visit, *data_);
    if (!visit.first) return;
    AddRepeat("diagnoses", 1,
              {{"icd10cm", std::string(patient_->diagnosis.icd10_cm)},
               {"diagnosis_date", Date(patient_->diagnosis.date)}});
    if (!Is(plan_.malformed_line)) return;
    data_->AddTruncated(RowOf(first_event_, "", 0, cells));
    Plant("malformed_line", *data_, "quarantined: csv.field_count");
  }

  void WriteLastContact() override {
    data_->Add(RowOf("last_contact_arm_1", "", 0, {{"visit_date", Date(patient_->last_contact)}}));
  }

  void WriteEvents() override {
    int number = 0;
    for (const SyntheticProcedure& procedure : patient_->procedures) {
      const auto kind = static_cast<std::size_t>(procedure.kind);
      AddRepeat("procedures", ++number,
                {{"icd10pcs", std::string(words_.procedures[kind])},
                 {"procedure_date", Date(procedure.date)}});
    }
    number = 0;
    for (const SyntheticRelapse& relapse : patient_->relapses) {
      AddRepeat("relapses", ++number,
                {{"onset_date", Date(relapse.date)}, {"grade", std::to_string(relapse.grade)}});
    }
  }

  void WriteTreatment(std::size_t k) override {
    const SyntheticTreatment& treatment = patient_->treatments[k];
    AddRepeat("treatments", static_cast<int>(k) + 1,
              {{"atc", std::string(AtcOf(k))},
               {"start_date", Date(treatment.start)},
               {"stop_date", treatment.stop ? Date(*treatment.stop) : ""},
               {"ongoing", StatusOf(treatment)},
               {"stop_reason", ReasonOf(treatment)}});
    NoteTreatment(k, *data_);
  }

  std::vector<Field> fields_;
  Row columns_;  // of the export
  std::string data_name_, dictionary_name_;
  Table* data_ = nullptr;  // not owned: one of the base's
  std::string first_event_;
};

}  // namespace
}  // namespace clinnova::intake::synthetic

namespace clinnova::intake {

std::unique_ptr<SyntheticWriter> MakeRedcapWriter(const WriterOptions& options) {
  return std::make_unique<synthetic::RedcapWriter>(options);
}

}  // namespace clinnova::intake
