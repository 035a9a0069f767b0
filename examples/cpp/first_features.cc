// Learns features from a table of flights, and makes the same features of flights to come.
#include <arrow/api.h>
#include <arrow/json/from_string.h>
#include <emberharmony/emberharmony.h>

#include <iostream>
#include <string>

constexpr char kPlan[] = R"(
version: 1
features:
  - columns: [distance]
    steps: [{impute: median}, {scale: standard}]
  - columns: [origin, destination]
    steps: [{vocabulary: {min_count: 15}}]
)";

arrow::Result<std::shared_ptr<arrow::RecordBatch>> NewFlights() {
  const auto type = arrow::struct_({arrow::field("distance", arrow::int64()),
                                    arrow::field("origin", arrow::utf8()),
                                    arrow::field("destination", arrow::utf8())});
  ARROW_ASSIGN_OR_RAISE(const auto flights, arrow::json::ArrayFromJSONString(type, R"([
    {"distance": 337, "origin": "SFO", "destination": "LAX"},
    {"distance": null, "origin": "JFK", "destination": "nowhere"}])"));
  return arrow::RecordBatch::FromStructArray(flights);
}

arrow::Status Run(const std::string& table, const std::string& folder) {
  ARROW_ASSIGN_OR_RAISE(const auto learned, emberharmony::Fit(kPlan, table));
  ARROW_RETURN_NOT_OK(learned.Save(folder));

  // Elsewhere, later: one model, any number of threads, batches of any length.
  ARROW_ASSIGN_OR_RAISE(const auto model, emberharmony::Model::Load(folder));
  ARROW_ASSIGN_OR_RAISE(const auto flights, NewFlights());
  ARROW_ASSIGN_OR_RAISE(const auto features, model.Transform(*flights));
  std::cout << features->ToString();
  return arrow::Status::OK();
}

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: first_features TABLE MODEL\n";
    return 2;
  }
  const arrow::Status status = Run(argv[1], argv[2]);
  if (!status.ok()) std::cerr << status.message() << "\n";
  return status.ok() ? 0 : static_cast<int>(emberharmony::base::KindOf(status));
}
