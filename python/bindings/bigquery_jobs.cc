// Queries and tables of BigQuery's REST API.
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "bindings/bigquery_internal.h"
#include "bindings/python_error.h"
#include "emberharmony/bigquery/plugin.h"
#include "emberharmony/bigquery/query_costs.h"

namespace emberharmony::python {
namespace {

/// Calls f() without the GIL; its value, or its error raised.
template <class F>
auto WithoutGil(F&& f) {
  decltype(f()) result = arrow::Status::UnknownError("nothing was done");
  {
    const ReleasedGil released;
    result = f();
  }
  return ValueOrRaise(std::move(result));
}

nanobind::dict TableDict(const bigquery::TableInfo& info) {
  nanobind::dict dict;
  dict["type"] = info.type;
  dict["location"] = info.location;
  dict["num_rows"] = info.num_rows;
  dict["num_bytes"] = info.num_bytes;
  dict["fields"] = FieldDicts(info.fields);
  dict["partition_column"] = info.partition_column;
  dict["partition_type"] = info.partition_type;
  dict["requires_partition_filter"] = info.requires_partition_filter;
  dict["clustering_columns"] = info.clustering_columns;
  dict["num_partitions"] = info.num_partitions;
  dict["integer_ranges"] = nanobind::none();
  if (const bigquery::IntegerRanges& ranges = info.integer_ranges; ranges.interval > 0) {
    dict["integer_ranges"] = nanobind::make_tuple(ranges.start, ranges.end, ranges.interval);
  }
  return dict;
}

nanobind::object NameOrNone(const std::string& name) {
  return name.empty() ? nanobind::none() : nanobind::object(nanobind::str(name.c_str()));
}

nanobind::dict CostsDict(const bigquery::QueryCosts& costs) {
  const bigquery::TableInfo table = costs.table.value_or(bigquery::TableInfo());
  nanobind::dict dict;
  dict["bytes_processed"] = costs.bytes;
  dict["bytes_unpruned"] = costs.bytes_unpruned;
  dict["table_bytes"] = table.num_bytes;
  dict["partition_column"] = table.partition_column;
  dict["partition_type"] = table.partition_type;
  dict["num_partitions"] = table.num_partitions;
  dict["clustering_columns"] = table.clustering_columns;
  dict["partitions_left"] = nanobind::none();
  dict["partitions_left_max"] = nanobind::none();
  dict["partitions_left_text"] = costs.pruning ? costs.pruning->Text() : "all";
  dict["partitions_pruned_min"] = costs.pruned_min();
  if (costs.pruning && !costs.pruning->leaves_all) {
    nanobind::list left;
    for (const bigquery::PartitionRange& range : costs.pruning->left) {
      left.append(nanobind::make_tuple(NameOrNone(range.first), NameOrNone(range.last)));
    }
    dict["partitions_left"] = left;
    dict["partitions_left_max"] = costs.pruning->left_max();
  }
  return dict;
}

nanobind::dict QueryDict(const bigquery::QueryResult& result) {
  nanobind::dict dict;
  dict["table"] = result.table.Text();
  dict["num_rows"] = result.num_rows;
  dict["bytes_processed"] = result.bytes_processed;
  dict["bytes_billed"] = result.bytes_billed;
  dict["from_cache"] = result.from_cache;
  dict["job_id"] = result.job_id;
  dict["location"] = result.location;
  return dict;
}

}  // namespace

nanobind::list FieldDicts(const std::vector<bigquery::TableField>& fields) {
  nanobind::list list;
  for (const bigquery::TableField& field : fields) {
    nanobind::dict each;
    each["name"] = field.name;
    each["type"] = field.type;
    each["mode"] = field.mode;
    each["fields"] = FieldDicts(field.fields);
    list.append(each);
  }
  return list;
}

void InitBigQueryJobs(nanobind::module_& module) {
  nanobind::class_<bigquery::Jobs>(module, "Jobs")
      .def("get_table",
           [](bigquery::Jobs& jobs, const std::string& table) {
             const bigquery::TableName name = ValueOrRaise(bigquery::TableName::Parse(table));
             return TableDict(WithoutGil([&] { return jobs.GetTable(name); }));
           })
      .def("dry_run",
           [](bigquery::Jobs& jobs, const std::string& sql) {
             const bigquery::QueryEstimate estimate = WithoutGil([&] { return jobs.DryRun(sql); });
             nanobind::dict dict;
             dict["bytes_processed"] = estimate.bytes_processed;
             dict["bytes_billed"] = estimate.bytes_billed;
             dict["location"] = estimate.location;
             dict["statement_type"] = estimate.statement_type;
             return dict;
           })
      .def(
          "run_query",
          [](bigquery::Jobs& jobs, const std::string& sql,
             const std::optional<std::string>& destination, int64_t bytes_billed_max) {
            bigquery::QueryRequest request{sql, std::nullopt, bytes_billed_max};
            if (destination) {
              request.destination = ValueOrRaise(bigquery::TableName::Parse(*destination));
            }
            return QueryDict(WithoutGil([&] { return jobs.RunQuery(request); }));
          },
          nanobind::arg("sql"), nanobind::arg("destination").none(),
          nanobind::arg("bytes_billed_max"))
      .def("find_costs",
           [](bigquery::Jobs& jobs, const std::string& table,
              const std::vector<std::string>& columns, const std::string& filter) {
             const bigquery::TableName name = ValueOrRaise(bigquery::TableName::Parse(table));
             return CostsDict(WithoutGil([&]() -> arrow::Result<bigquery::QueryCosts> {
               ARROW_ASSIGN_OR_RAISE(
                   auto costs, bigquery::FindCosts(&jobs, {name, columns, filter, std::nullopt}));
               // Nothing at all is no answer: the error says why.
               if (!costs.table && !costs.bytes) ARROW_RETURN_NOT_OK(jobs.GetTable(name));
               return costs;
             }));
           })
      .def("query_number", [](bigquery::Jobs& jobs, const std::string& sql) {
        return WithoutGil([&] { return jobs.QueryNumber(sql); });
      });
  module.def("connect_jobs", [](const nanobind::dict& connection, const std::string& location) {
    const bigquery::JobOptions options{ConnectionOf(connection), location, &CheckSignals};
    return WithoutGil([&]() -> arrow::Result<std::unique_ptr<bigquery::Jobs>> {
      ARROW_ASSIGN_OR_RAISE(bigquery::Plugin* const plugin, bigquery::LoadPlugin());
      return plugin->ConnectJobs(options);
    });
  });
}

}  // namespace emberharmony::python
