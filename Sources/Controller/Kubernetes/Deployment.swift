extension Kubernetes {
    package struct Deployment: Hashable, Sendable {
        package var metadata: ObjectMeta
        package var replicas = 1
        package var selector: LabelSelector
        package var template: PodTemplate

        package init(metadata: ObjectMeta, selector: LabelSelector, template: PodTemplate) {
            self.metadata = metadata
            self.selector = selector
            self.template = template
        }
    }
}
