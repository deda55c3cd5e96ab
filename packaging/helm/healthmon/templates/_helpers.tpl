{{- define "healthmon.name" -}}
{{- $name := ternary .Release.Name (printf "%s-healthmon" .Release.Name) (contains "healthmon" .Release.Name) }}
{{- $name | trunc 50 | trimSuffix "-" }}
{{- end }}

{{- define "healthmon.selector" -}}
app.kubernetes.io/name: healthmon
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- define "healthmon.labels" -}}
{{ include "healthmon.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | quote }}
{{- end }}

{{/* The name of each agent in the cluster, by its pod and the headless Service. */}}
{{- define "healthmon.hosts" -}}
{{- $name := include "healthmon.name" . }}
{{- range $n := until (int .Values.replicas) }}
- {{ printf "%s-%d.%s-agents.%s.svc" $name $n $name $.Release.Namespace }}
{{- end }}
{{- end }}

{{/* config.yaml: what the user says, and what the chart knows better. */}}
{{- define "healthmon.config" -}}
{{- $name := include "healthmon.name" . }}
{{- $agents := include "healthmon.hosts" . | fromYamlArray }}
{{- $urls := list }}
{{- range $agents }}{{ $urls = append $urls (printf "https://%s:9877" .) }}{{ end }}
{{- $service := list (printf "%s.%s.svc" $name .Release.Namespace) $name }}
{{- $tls := dict "certificate" "/run/healthmon-tls/tls.crt" "key" "/run/healthmon-tls/tls.key" }}
{{- $agent := dict "listen" "0.0.0.0" "port" 9877 "hosts" (concat $agents $service .Values.hosts) "tls" $tls "users_file" "/run/healthmon-users/users" }}
{{- $database := dict "agents" $urls "ca_file" "/run/healthmon-tls/ca.crt" }}
{{- mergeOverwrite (deepCopy .Values.config) (dict "agent" $agent "database" $database) | toYaml }}
{{- end }}
