// SPDX-License-Identifier: Apache-2.0
#include "intake/synthetic_hprim.h"

#include <algorithm>
#include <fstream>

#include "intake/encoding.h"
#include "intake/synthetic_csv.h"
#include "intake/synthetic_planned_writer.h"

namespace clinnova::intake {
namespace {

using namespace synthetic;

constexpr std::size_t kLongest = 220;  // characters of a line
// A label as long as laboratories write them: its segment takes two lines.
constexpr std::string_view kCreatinine =
    "Créatinine (dosage enzymatique, traçable à la spectrométrie de masse par dilution isotopique "
    "; "
    "débit de filtration glomérulaire estimé sur demande selon l'équation CKD-EPI 2021, sans "
    "correction ethnique)";

class HprimWriter : public LaboratoryWriter {
 public:
  explicit HprimWriter(const WriterOptions& options)
      : LaboratoryWriter(options, MakeFrenchCsvWriter(WithoutLaboratory(options))),
        path_(options.folder / "RESULTATS.HPR"),
        stream_(path_, std::ios::binary | std::ios::trunc) {
    files_.push_back(path_);
  }

 private:
  std::string name() const { return path_.filename().string(); }

  Result<void> WriteReports() override {
    message_.clear();
    lines_ = 0;
    Add("H|~^\\&|" + name() + "||LABO~Laboratoire fictif||ORU|||HUS~Hôpital fictif||P|H2.4~L|" +
        CompactDate(patient_->last_contact) + "0800");
    Add("P|1|" + id_ + "||D" + std::to_string(patient_->number) + "|MÜLLER~PATIENT " +
        std::to_string(patient_->number) + "||" + CompactDate(patient_->birth) + "|" +
        (patient_->female ? "F" : "M"));
    int order = 0;
    for (const SyntheticVisit& visit : patient_->visits) {
      if (!LaboratoryOf(visit).empty()) WriteOrder(++order, visit);
    }
    // The sender counts the lines as it sent them.
    Add("L|1||1|" + std::to_string(lines_ + 1));
    stream_ << message_;
    line_ += lines_;
    return {};
  }

  void WriteOrder(int order, const SyntheticVisit& visit) {
    Add("OBR|" + std::to_string(order) + "|" + id_ + "-" + visit.label + "~A1||BIO~Biologie~L|||" +
        CompactDate(visit.date) + "0800");
    int rank = 0;
    for (const SyntheticResult* result : LaboratoryOf(visit)) {
      PlantItem(visit, *result->item, name(), line_ + lines_ + 1, kEitherMark);
      Add(Observation(++rank, visit, *result));
    }
    if (!visit.first || !Is(plan_.malformed_line)) return;
    // The last result once more; its second half has lost the mark of a continuation.
    const std::string again = Observation(rank + 1, visit, *LaboratoryOf(visit).back());
    const std::size_t half = again.find('~');
    Add(again.substr(0, half));
    PlantAt("malformed_line", name(), line_ + lines_ + 1, "quarantined: hprim.segment");
    Add(again.substr(half));
  }

  std::string Observation(int rank, const SyntheticVisit& visit,
                          const SyntheticResult& result) const {
    const LocalItem& local = result.item->fr;
    const ShownNumber shown = ShownOf(visit, result, local);
    const bool text = shown.not_detected || shown.below;
    const std::string unit(shown.not_detected ? "" : shown.in_mg_per_dl ? "mg/dL" : local.unit);
    return "OBX|" + std::to_string(rank) + (text ? "|ST|" : "|NM|") + std::string(local.code) +
           "~" + std::string(result.item->key == "creatinine" ? kCreatinine : local.label) +
           "~L||" + shown.Text(',', "< ") + "|" + unit + "|||||F";
  }

  // A segment, ISO-8859-1; what is longer than a line goes on in the next.
  void Add(const std::string& segment) {
    const auto encoded = EncodeFromUtf8(Encoding::kIso8859_1, segment);
    if (!encoded) error_ = ": " + encoded.error().message;
    std::string_view rest = encoded ? std::string_view(*encoded) : std::string_view();
    for (bool first = true; first || !rest.empty(); first = false) {
      const std::size_t room = kLongest - (first ? 0 : 2);
      message_.append(first ? "" : "A|").append(rest.substr(0, room)).append("\r\n");
      rest.remove_prefix(std::min(room, rest.size()));
      ++lines_;
    }
  }

  Result<void> FinishReports() override {
    stream_.close();
    if (!stream_ || !error_.empty())
      return Fail(ErrorCode::kFailed, path_.string() + ": cannot be written" + error_);
    if (plan_.truncated_file == 0) return {};
    return WriteTruncated(name(), message_.substr(0, message_.size() / 2));
  }

  std::filesystem::path path_;
  std::ofstream stream_;
  std::string message_;      // of the present patient
  std::uint64_t lines_ = 0;  // of it
  std::uint64_t line_ = 0;   // of the messages before
  std::string error_;
};

}  // namespace

std::unique_ptr<SyntheticWriter> MakeHprimWriter(const WriterOptions& options) {
  return std::make_unique<HprimWriter>(options);
}

}  // namespace clinnova::intake
